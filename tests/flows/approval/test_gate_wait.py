"""While a run waits at a gate its state says for what, and the answer, whenever it comes, is the run's."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from prefect import flow, runtime
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRun, State
from prefect.client.schemas.responses import SetStateStatus
from prefect.exceptions import Pause
from prefect.flow_engine import run_flow
from prefect.states import Cancelled, Failed, Scheduled

from deployments.approval.form_client import Approver, Pending
from domain.errors import Terminal
from flows.approval import wait
from flows.approval.form import Answer, ApprovalForm, ask

pytestmark = pytest.mark.usefixtures("laptop")

MESSAGE = "production gate of plants 20261129.2 waits for 2 of ml-engineers, until 2026-11-30 18:00 UTC"
ANSWER = {"decision": "reject", "approver": "ada", "proof": "1", "comment": "the end of this test"}
SECONDS = 120


@flow
def asks(key: str, seconds: int = SECONDS) -> Any:
    return ask("evidence", MESSAGE, key, seconds, 0.2, break_glass=False)


def history(run: UUID) -> list[State[Any]]:
    with get_client(sync_client=True) as client:
        return sorted(client.read_flow_run_states(run), key=lambda one: one.timestamp)


def names(run: UUID) -> list[str | None]:
    return [one.name for one in history(run)]


def resumed(run: UUID) -> SetStateStatus:
    with get_client(sync_client=True) as client:
        return client.resume_flow_run(run, run_input=ANSWER).status


def answering_at_once(monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """An answer comes in the very moment in which the form is there, before the run looks or ends."""
    answered: list[UUID] = []
    real = ApprovalForm.save

    def save(form: Any, keyset: Any) -> None:
        real.__func__(form, keyset)  # type: ignore[attr-defined]  # a class method
        run = UUID(str(runtime.flow_run.id))
        assert resumed(run) is SetStateStatus.ACCEPT
        answered.append(run)

    monkeypatch.setattr(ApprovalForm, "save", classmethod(save))
    return answered


def check_waiting(state: State[Any], name: str, key: str, before: datetime) -> None:
    """Everything that Prefect's own pause would have put there, and the message."""
    assert (state.name, state.message) == (name, MESSAGE)
    details = state.state_details
    assert details.pause_key == key
    assert details.pause_reschedule == (name == "Suspended")
    assert details.run_input_keyset == {
        part: f"{name.lower()}-{key}-{part}" for part in ("description", "response", "schema")
    }
    assert details.pause_timeout is not None
    assert abs(details.pause_timeout - before - timedelta(seconds=SECONDS)) < timedelta(seconds=60)


def test_a_run_that_waits_in_place_says_so_and_takes_the_answer() -> None:
    seen: list[Pending] = []
    before = datetime.now(UTC)

    def decide(pending: Pending) -> dict[str, str] | None:
        if "told-in-place" not in pending.key:
            return None
        with get_client(sync_client=True) as client:
            state = client.read_flow_run(pending.run_id).state
        assert state is not None
        check_waiting(state, "Paused", "told-in-place", before)
        seen.append(pending)
        return ANSWER

    with Approver(decide, poll_seconds=0.2):
        given = asks("told-in-place")
    assert isinstance(given, Answer)
    assert (given.approver, given.comment) == ("ada", "the end of this test")
    assert seen[0].evidence == "evidence"
    assert names(seen[0].run_id) == ["Pending", "Running", "Paused", "Running", "Completed"]


def test_an_answer_in_the_very_moment_of_the_pause_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = answering_at_once(monkeypatch)
    given = asks("in-that-moment")
    assert isinstance(given, Answer)
    assert given.approver == "ada"
    assert names(answered[0]) == ["Pending", "Running", "Paused", "Running", "Completed"]


def test_nobody_answers_in_time_and_the_run_goes_on_without() -> None:
    runs: list[UUID] = []

    @flow
    def short() -> Any:
        runs.append(UUID(str(runtime.flow_run.id)))
        return ask("evidence", MESSAGE, "too-late", 2, 0.2, break_glass=False) or "nobody"

    before = datetime.now(UTC)
    short(return_state=True)
    assert datetime.now(UTC) - before >= timedelta(seconds=2)
    assert resumed(runs[0]) is SetStateStatus.ABORT
    assert "Paused" in names(runs[0])


def test_an_answer_in_the_last_moment_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server took it while the run found that the time was up."""
    looks: list[float] = []
    real = wait.sleep

    def sleep(seconds: float) -> None:
        looks.append(seconds)
        if seconds == wait.LAST_LOOK:
            assert resumed(UUID(str(runtime.flow_run.id))) is SetStateStatus.ACCEPT
        real(0)

    clock = iter([0.0, 0.0])
    monkeypatch.setattr(wait, "monotonic", lambda: next(clock, SECONDS + 1.0))
    monkeypatch.setattr(wait, "sleep", sleep)
    given = asks("last-moment")
    assert isinstance(given, Answer)
    assert looks == [0.2, wait.LAST_LOOK]


def test_the_pause_is_the_run_s_also_where_the_server_s_word_was_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    real = wait.propose_state_sync

    def lost(client: Any, state: State[Any], run: UUID) -> State[Any]:
        taken = real(client, state, run)
        raise Pause("This run has already made this state transition.", state=taken)

    answered = answering_at_once(monkeypatch)
    monkeypatch.setattr(wait, "propose_state_sync", lost)
    assert isinstance(asks("word-lost"), Answer)
    assert names(answered[0]).count("Paused") == 1


def test_a_run_that_is_ended_in_the_moment_of_its_pause_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    real = wait.propose_state_sync

    def ended(client: Any, state: State[Any], run: UUID) -> State[Any]:
        client.set_flow_run_state(run, Cancelled(), force=True)
        return real(client, state, run)

    monkeypatch.setattr(wait, "propose_state_sync", ended)
    with pytest.raises(Terminal, match=r"this run was set to Cancelled while it waited at its gate.*start it again"):
        asks("ended-then")


def test_a_server_that_does_not_answer_for_a_while_loses_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    real, silent = SyncPrefectClient.read_flow_run, [0]

    def read(client: SyncPrefectClient, run: UUID) -> FlowRun:
        if silent[0]:
            silent[0] -= 1
            raise httpx.ConnectError("nobody listens")
        return real(client, run)

    kept = wait._save

    def save(*given: Any) -> None:
        kept(*given)
        silent[0] = 2

    answering_at_once(monkeypatch)
    monkeypatch.setattr(wait, "_save", save)
    monkeypatch.setattr(SyncPrefectClient, "read_flow_run", read)
    assert isinstance(asks("after-an-outage"), Answer)
    assert silent == [0]


def test_a_server_that_never_answers_again_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(client: SyncPrefectClient, run: UUID) -> FlowRun:
        raise httpx.ConnectError("nobody listens")

    @flow
    def waits() -> None:
        with get_client(sync_client=True) as client, monkeypatch.context() as patched:
            patched.setattr(wait, "OUTAGE", -1.0)
            patched.setattr(SyncPrefectClient, "read_flow_run", read)
            wait._in_place(client, UUID(int=0), {}, 0, 0.1)  # type: ignore[arg-type]  # asked for no form

    with pytest.raises(httpx.ConnectError):
        waits()


@pytest.fixture
def deployed() -> FlowRun:
    """A run as a worker would take it."""
    with get_client(sync_client=True) as client:
        deployment = client.create_deployment(client.create_flow(asks), "asks-here")
        return client.create_flow_run_from_deployment(deployment, parameters={"key": "told-suspended"})


def carried(run: FlowRun, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The run from the top, as a worker's process starts it; it sees its deployment in what the worker told the process."""
    monkeypatch.setenv("PREFECT__RUNTIME__DEPLOYMENT__ID", str(run.deployment_id))
    with get_client(sync_client=True) as client:
        return run_flow(asks, flow_run=client.read_flow_run(run.id), parameters=run.parameters)


def test_a_deployed_run_is_suspended_with_the_message_and_finds_its_answer(
    deployed: FlowRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = datetime.now(UTC)
    with pytest.raises(Pause):
        carried(deployed, monkeypatch)
    check_waiting(history(deployed.id)[-1], "Suspended", "told-suspended", before)
    assert resumed(deployed.id) is SetStateStatus.ACCEPT
    given = carried(deployed, monkeypatch)
    assert isinstance(given, Answer)
    assert given.approver == "ada"
    assert names(deployed.id).count("Suspended") == 1


def test_an_answer_before_the_suspended_process_has_ended_is_not_lost(
    deployed: FlowRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as at_once:
        answered = answering_at_once(at_once)
        with pytest.raises(Pause):
            carried(deployed, monkeypatch)
    assert answered == [deployed.id]
    assert names(deployed.id)[-1] == "Resuming"  # the process that ends sets no state
    assert isinstance(carried(deployed, monkeypatch), Answer)


def started_again(run: FlowRun) -> None:
    """As the button of the UI does it, of a run that has ended."""
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(run.id, Failed(message="the power fails"), force=True)
        client.set_flow_run_state(run.id, Scheduled(name="AwaitingRetry"))


def test_a_run_that_ended_at_its_gate_and_is_started_again_waits_at_the_same_form(
    deployed: FlowRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Pause):
        carried(deployed, monkeypatch)
    started_again(deployed)
    with pytest.raises(Pause):
        carried(deployed, monkeypatch)
    assert history(deployed.id)[-1].message == MESSAGE
    assert resumed(deployed.id) is SetStateStatus.ACCEPT
    assert isinstance(carried(deployed, monkeypatch), Answer)


def test_an_answer_that_was_given_before_the_run_ended_is_found_by_the_run_that_is_started_again(
    deployed: FlowRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Pause):
        carried(deployed, monkeypatch)
    assert resumed(deployed.id) is SetStateStatus.ACCEPT
    started_again(deployed)
    assert isinstance(carried(deployed, monkeypatch), Answer)
    assert names(deployed.id).count("Suspended") == 1


def test_a_run_that_is_answered_too_late_ends_as_if_nobody_had(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server ends a run whose time is up when somebody answers all the same."""

    @flow
    def short() -> Any:
        return ask("evidence", MESSAGE, "much-too-late", 1, 0.2, break_glass=False) or "nobody"

    real = wait.sleep

    def sleep(seconds: float) -> None:
        real(seconds)
        if seconds == wait.LAST_LOOK:
            assert resumed(UUID(str(runtime.flow_run.id))) is not SetStateStatus.ACCEPT

    monkeypatch.setattr(wait, "sleep", sleep)
    assert "waited at its gate" not in (short(return_state=True).message or "")

"""What was tried to get around the gates, to end or to hide releases, and to take what is another workload's."""

import time
from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import uuid4

import platform_twin
import pytest
from begun import begin
from pydantic import ValidationError
from test_ownership_rules import Rival, untag
from tiny import APPROVE, WARY
from twins import TinyTwin, Twins

from blocks.azure_credential import AzureCredential
from blocks.ledger import Ledger
from deployments.approval.form_client import FormAnswer, Pending
from domain.approval.statement import Choice
from domain.candidate.changed_circuits import ChangedCircuits, changed_path
from domain.errors import Terminal
from domain.release.outcome import shown_ending
from domain.rollout.deployment_history import FENCE
from domain.tags import WORKLOAD
from flows.approval.pending import pending_request
from flows.deploy_version import deploy_version
from flows.release import release
from flows.rollback import rollback
from flows.rollout import wait
from tasks.ledger.facts import keep_document, read_facts

REJECT = {"decision": "reject", "approver": "ada", "comment": "no"}
GREEN = "production serves exactly these models; there is nothing left to do"
SOAKS = {"waves": [{"circuits": ["TINY/A1"], "soak_minutes": 5}, {"circuits": "rest"}]}
ADA = "Ada <ada@example.org>"
NewRun = Callable[[], None]


@pytest.fixture
def new_run(monkeypatch: pytest.MonkeyPatch) -> NewRun:
    """Another flow run begins."""
    return lambda: monkeypatch.setenv("PREFECT__RUNTIME__FLOW_RUN__ID", str(uuid4()))


@pytest.fixture
def rival(twins: Twins, tiny: TinyTwin) -> Rival:
    made = Rival("rival", tiny.folder.parent / "rival", twins=twins)
    made.declare()
    made.give_test_data()
    return made


def again(changed: ChangedCircuits, **more: str) -> ChangedCircuits:
    return changed.model_copy(update={"build_id": f"{changed.build_id}-again", **more})


def dies(twins: Twins) -> Callable[[Pending], FormAnswer]:
    def cut(_: Pending) -> FormAnswer:
        raise twins.power.cut()

    return cut


def waits(twins: Twins, tiny: TinyTwin, changed: ChangedCircuits, *answers: FormAnswer, by: str = "linus") -> str:
    """A release that waits at its gate, no run being there; its name."""
    with twins.power.failing(), twins.answering(*answers, dies(twins)):
        twins.release_as_answered(tiny, changed, by)
    return twins.names(tiny)[0]


def released(twins: Twins, tiny: TinyTwin, times: int = 1) -> ChangedCircuits:
    for _ in range(times):
        last = tiny.candidates()
        assert twins.release(tiny, last).name == "Succeeded"
    return last


def half_switched(twins: Twins, tiny: TinyTwin) -> ChangedCircuits:
    """A second release that died between the switches of its circuits."""
    released(twins, tiny)
    second = tiny.candidates()
    twins.places["production"].troubles.add("dies before", "switch", "b2")
    with twins.power.failing():
        twins.release(tiny, second)
    twins.lease_ends("tiny", "production")
    return second


# whose work it is


def test_who_pushed_the_commit_does_not_go_on_with_another_s_release(twins: Twins, tiny: TinyTwin) -> None:
    first = tiny.candidates().model_copy(update={"code_author": "Linus <l@x>"})
    waiting = waits(twins, tiny, first)
    tiny.declare(score=WARY)  # ada's commit; training finds the same candidates, "registered by an earlier run"
    pushed = again(first, code_author=ADA, code_commit="d" * 40)
    with twins.answering(APPROVE, REJECT) as seen:
        assert twins.release_as_answered(tiny, pushed, ADA).name == "Rejected"
    assert "ada is the release's requester, so somebody else must approve" in seen[1].evidence
    assert twins.names(tiny)[0] != waiting


@pytest.mark.parametrize("other", [{"code_author": ADA}, {"code_commit": "d" * 40}])
def test_another_author_or_commit_is_another_release(twins: Twins, tiny: TinyTwin, other: dict[str, str]) -> None:
    first = tiny.candidates()
    waits(twins, tiny, first)
    waits(twins, tiny, again(first, **other))
    assert len(twins.names(tiny)) == 2


def test_who_names_a_version_does_not_go_on_with_another_s_run(twins: Twins, tiny: TinyTwin, new_run: NewRun) -> None:
    released(twins, tiny, 2)
    with twins.power.failing(), twins.answering(dies(twins)):
        deploy_version("TINY/A1", "1", "production", "tiny", "Linus <l@x>", older=True, return_state=True)
    new_run()
    with twins.answering(APPROVE, REJECT) as seen:
        state = deploy_version("TINY/A1", "1", "production", "tiny", ADA, older=True, return_state=True)
    assert state.name == "Rejected"
    assert "ada is the release's requester" in seen[1].evidence


def test_a_stranger_s_word_of_who_asked_is_not_taken_for_another_s_release(twins: Twins, tiny: TinyTwin) -> None:
    changed = tiny.candidates()
    waits(twins, tiny, changed, by="ada <grace>")
    with twins.answering(APPROVE):
        state = twins.release_as_answered(tiny, again(changed), "schedule or event")
    assert state.name == "Succeeded"


# two at once, and a run that comes back


def test_of_two_that_begin_at_once_one_is_told_and_the_other_goes_on(twins: Twins, tiny: TinyTwin) -> None:
    released(twins, tiny, 2)
    stem = twins.names(tiny)[0].split(".")[0]
    ours, theirs = tiny.candidates(), tiny.candidates()
    twins.blobs.troubles.add("meanwhile", "list", f"^tiny/{stem}.3/", first=lambda: waits(twins, tiny, theirs))
    assert "begun by somebody else at the same moment; run it again" in (twins.release(tiny, ours).message or "")
    assert [fact.kind.value for fact in twins.facts(tiny)] == ["requested", "asked", "notified"]
    assert twins.release(tiny, theirs).name == "Succeeded"
    assert twins.release(tiny, ours).name == "Succeeded"


def test_of_two_versions_that_are_deployed_at_once_both_get_there(
    twins: Twins, tiny: TinyTwin, new_run: NewRun
) -> None:
    released(twins, tiny, 2)
    stem = twins.names(tiny)[0].split(".")[0]
    other = tiny.made[0].model_copy(update={"build_id": "b2", "circuits": tiny.made[0].circuits[1:]})
    begins = lambda: begin(twins.ledger, other, "linus", "test")  # noqa: E731
    twins.blobs.troubles.add("meanwhile", "list", f"^tiny/{stem}.3/", first=begins)
    state = deploy_version("TINY/A1", "1", "test", "tiny", "linus", older=True, return_state=True)
    assert "begun by somebody else" in (state.message or "")
    for circuit in ("TINY/A1", "TINY/B2"):
        new_run()
        state = deploy_version(circuit, "1", "test", "tiny", "linus", older=True, return_state=True)
        assert state.name == "Succeeded", state.message


def test_a_run_of_the_newest_build_comes_back_with_the_build_that_it_took(
    twins: Twins, tiny: TinyTwin, new_run: NewRun
) -> None:
    first = tiny.candidates()
    keep_document.fn(twins.ledger, changed_path("tiny"), first.to_json())
    with twins.power.failing(), twins.answering(dies(twins)):
        release("tiny", None, "linus", return_state=True)  # suspended at its gate
    (waiting,) = twins.names(tiny)
    keep_document.fn(twins.ledger, changed_path("tiny"), tiny.candidates().to_json())  # training at night
    with twins.answering(APPROVE):  # somebody answers: the flow begins at the top, with the same parameters
        assert release("tiny", None, "linus", return_state=True).name == "Succeeded"
    assert twins.names(tiny) == (waiting,)
    new_run()
    with twins.answering(APPROVE):
        assert release("tiny", None, "linus", return_state=True).name == "Succeeded"
    assert len(twins.names(tiny)) == 2


def test_a_second_run_whose_time_is_up_rolls_nothing_back_that_was_approved(
    twins: Twins, tiny: TinyTwin, monkeypatch: pytest.MonkeyPatch
) -> None:
    released(twins, tiny)
    tiny.declare(production=SOAKS)
    changed, forms = tiny.candidates(), list[Pending]()

    def killed(_: float) -> None:
        raise RuntimeError("the run is somewhere else")

    monkeypatch.setattr(wait.time, "sleep", killed)

    def second_run(form: Pending) -> FormAnswer | None:
        forms.append(form)
        if len(forms) == 2:  # it waits at production's gate; the first run's form is answered, and A1 switches
            waiting = twins.run.decide
            twins.release(tiny, changed)
            twins.run.decide = waiting
            assert twins.serving(tiny, "production") == list(twins.names(tiny))
            return None  # and then its time is up
        return {**APPROVE, "proof": twins.proof(form, "ada", Choice.APPROVE, APPROVE["comment"])}

    twins.run.decide = second_run
    state = twins.release_as_answered(tiny, changed)
    assert state.name != "Expired"
    assert twins.serving(tiny, "production") == list(twins.names(tiny))
    assert shown_ending(twins.facts(tiny)) is None


# whose things they are


def until_tokens_are_newer(twins: Twins) -> None:
    """Fencing tokens follow the clock, and run ahead of it where a stage is held more than once a second."""
    newest = max(int(one.tags[FENCE]) for place in twins.places.values() for one in place.endpoints.values())
    time.sleep(max(0.0, newest + 1 - time.time()))


@pytest.mark.parametrize("endpoint_says_whose", [False, True])
def test_a_rollback_takes_no_endpoint_over(
    twins: Twins, tiny: TinyTwin, rival: Rival, endpoint_says_whose: bool
) -> None:
    released(twins, tiny, 2)
    before = twins.serving(tiny, "production")
    for place in twins.places.values():
        for one in place.endpoints.values():
            if not endpoint_says_whose:
                one.tags.pop(WORKLOAD)
    until_tokens_are_newer(twins)
    with pytest.raises(Terminal, match="nothing was touched: TINY/A1 at production: be-tiny-a1 in mlw-prod"):
        rollback("rival", "production", dry_run=False)
    assert twins.serving(tiny, "production") == before


def test_a_release_that_made_nothing_makes_nothing_ours(twins: Twins, tiny: TinyTwin, rival: Rival) -> None:
    assert twins.release(rival, rival.candidates(), REJECT).name == "Rejected"
    released(twins, tiny)
    untag(twins)
    assert twins.names(rival) == twins.names(tiny)  # names are of a day
    state = twins.release(rival, rival.candidates())
    assert "which is not in the ledger of rival" in (state.message or "")


def test_a_chosen_version_that_is_another_s_model_is_refused(twins: Twins, tiny: TinyTwin) -> None:
    released(twins, tiny, 2)
    twins.models.tags["tiny-a1", "1"] = {**twins.models.tags["tiny-a1", "1"], WORKLOAD: "rival"}
    with pytest.raises(Terminal, match="model tiny-a1:1 belongs to workload rival"):
        deploy_version("TINY/A1", "1", "production", "tiny", "linus")


def test_whose_models_they_are_is_asked_again_after_the_gate(twins: Twins, tiny: TinyTwin, rival: Rival) -> None:
    changed = rival.candidates()
    waits(twins, rival, changed)
    released(twins, tiny, 2)
    assert "belongs to workload tiny" in (twins.release(rival, changed).message or "")
    assert {tags[WORKLOAD] for tags in twins.models.tags.values()} == {"tiny"}


def test_a_workload_that_is_renamed_takes_its_endpoints_along_by_their_tag(
    twins: Twins, tiny: TinyTwin, rival: Rival
) -> None:
    released(twins, tiny, 2)
    for place in twins.places.values():
        for one in place.endpoints.values():
            one.tags[WORKLOAD] = "rival"
    until_tokens_are_newer(twins)
    rollback("rival", "production", dry_run=False)
    assert twins.serving(tiny, "production") == [twins.names(tiny)[1]] * 2


# green ends


def test_another_commit_with_the_same_models_is_deployed(twins: Twins, tiny: TinyTwin) -> None:
    changed = released(twins, tiny)
    tiny.declare(score=WARY)
    assert twins.release(tiny, again(changed, code_commit="d" * 40)).name == "Succeeded"
    assert len(twins.names(tiny)) == 2
    endpoint = twins.places["production"].endpoints["be-tiny-a1"]
    assert endpoint.scripts[endpoint.default or ""] == WARY


def test_it_is_not_green_while_the_fleet_is_half_switched(twins: Twins, tiny: TinyTwin) -> None:
    second = half_switched(twins, tiny)
    only = second.model_copy(update={"build_id": "only-a1", "circuits": second.circuits[:1]})
    assert twins.release(tiny, only).message != GREEN


def test_the_same_version_number_of_another_model_is_not_there_already(twins: Twins, tiny: TinyTwin) -> None:
    released(twins, tiny)
    twins.models.dev.clear()  # workspace dev was made anew, and numbers begin at 1 again
    assert twins.release(tiny, tiny.candidates()).message != GREEN


@pytest.mark.parametrize("change", [{"state": "Failed"}, {"model": "azureml://registries/x/models/else/versions/1"}])
def test_what_does_not_serve_them_is_not_green(twins: Twins, tiny: TinyTwin, change: dict[str, str]) -> None:
    first = released(twins, tiny)
    place = twins.platform("tiny", "production")
    for endpoint in ("be-tiny-a1", "be-tiny-b2"):
        place.by_hand(endpoint, place.serving(endpoint) or "", **change)
    assert twins.release(tiny, again(first)).message != GREEN


def test_what_a_chosen_version_put_there_did_not_pass_the_stages_below(
    twins: Twins, tiny: TinyTwin, new_run: NewRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    released(twins, tiny)
    changed = tiny.candidates()
    monkeypatch.setattr("flows.deploy_version.code_commit", lambda _: changed.code_commit)
    tiny.declare(score="def init():\n    raise RuntimeError('broken')\ndef run(files):\n    return []\n")
    assert (twins.release(tiny, changed).message or "").startswith("test: TINY/A1: Job status: Failed")
    for unit in changed.circuits:
        new_run()
        with twins.answering(APPROVE):
            deploy_version(str(unit.unit), unit.model_version, "production", "tiny", "linus", return_state=True)
    assert "Job status: Failed" in (twins.release(tiny, again(changed)).message or "")


def test_older_data_does_not_get_to_production_in_two_steps(twins: Twins, tiny: TinyTwin) -> None:
    assert twins.release(tiny, tiny.candidates(date(2014, 9, 30))).name == "Succeeded"
    old = tiny.candidates(date(2014, 3, 31))
    with twins.answering(APPROVE):
        assert release("tiny", old.build_id, "linus", until="registry", return_state=True).name == "Succeeded"
        with pytest.raises(Terminal, match="would replace one of later data at production"):
            release("tiny", old.build_id, "linus")
        assert release("tiny", old.build_id, "linus", older=True, return_state=True).name == "Succeeded"


def test_run_again_as_it_says_what_failed_alone_is_released(twins: Twins, tiny: TinyTwin) -> None:
    tiny.declare(fleet="independent")
    del twins.places["test"].data[next(path for path in twins.places["test"].data if "B2" in path)]
    changed = tiny.candidates()
    assert "then run the release again" in (twins.release(tiny, changed).message or "")
    tiny.give_test_data()
    assert twins.release(tiny, changed).name == "Succeeded"
    assert twins.serving(tiny, "production") == [twins.names(tiny)[0]] * 2


def test_the_same_build_again_while_a_newer_release_serves_is_not_done(twins: Twins, tiny: TinyTwin) -> None:
    first = released(twins, tiny)
    released(twins, tiny)
    with twins.answering(APPROVE) as seen:
        assert twins.release_as_answered(tiny, first).name == "Succeeded"
    assert len(seen) == 2
    assert twins.serving(tiny, "production") == [twins.names(tiny)[0]] * 2


# ended, hidden, stuck


def test_a_version_that_a_stranger_deploys_to_test_ends_no_release(twins: Twins, tiny: TinyTwin) -> None:
    released(twins, tiny, 2)
    changed = tiny.candidates()
    waits(twins, tiny, changed)
    chosen = deploy_version("TINY/A1", "1", "test", "tiny", "mallory", older=True, return_state=True)
    assert chosen.name == "Succeeded"
    assert twins.release(tiny, changed).name == "Succeeded"


def test_no_number_of_releases_since_hides_a_request_or_its_release(
    twins: Twins, tiny: TinyTwin, new_run: NewRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.approval.pending.SEARCHED", 3)
    monkeypatch.setattr("flows.promotion.earlier_releases.LOOKED_BACK", 3)
    released(twins, tiny, 2)
    changed, forms = tiny.candidates(), list[Pending]()

    def cut(form: Pending) -> FormAnswer:
        forms.append(form)
        raise twins.power.cut()

    with twins.power.failing(), twins.answering(APPROVE, cut):
        twins.release_as_answered(tiny, changed)  # waits at production's gate
    name = twins.names(tiny)[0]
    for number in range(4):
        new_run()
        version = str(1 + number % 2)
        deploy_version("TINY/A1", version, "test", "tiny", "mallory", older=True, return_state=True)
    assert pending_request(twins.ledger, ["tiny"], forms[0].key).asked.release == name
    with twins.answering(APPROVE) as seen:
        assert twins.release_as_answered(tiny, changed).name == "Succeeded"
    assert len(seen) == 1
    assert shown_ending(read_facts(twins.ledger, "tiny", name)) is not None


@pytest.mark.parametrize("content", ["rubbish", [{"x": 1}], [7], {"fact": 1}])
def test_another_artifact_in_place_of_the_newest_facts_is_said_in_a_sentence(
    twins: Twins, tiny: TinyTwin, content: Any
) -> None:
    changed = tiny.candidates()
    name = waits(twins, tiny, changed)
    twins.run.artifacts[f"ledger-tiny-{name.replace('.', '-')}"].append(content)
    message = twins.release(tiny, changed).message or ""
    assert "somebody wrote another artifact under its key" in message


def test_names_that_change_in_the_midst_of_a_switch_without_a_gate_are_said_in_a_sentence(
    twins: Twins, tiny: TinyTwin, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.declare(production={"gate": None})
    second = half_switched(twins, tiny)
    with monkeypatch.context() as renamed:
        renamed.setattr(
            platform_twin.PlatformTwin, "endpoint", lambda self, unit: self.workload.naming("env-", "").endpoint(unit)
        )
        message = twins.release(tiny, second).message or ""
    assert "which are no longer circuits' endpoints" in message
    assert "Put the names back" in message
    twins.lease_ends("tiny", "production")
    assert twins.release(tiny, second).name == "Succeeded"


def test_names_that_change_in_the_midst_of_a_switch_void_its_approval(
    twins: Twins, tiny: TinyTwin, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = half_switched(twins, tiny)
    with monkeypatch.context() as renamed:
        renamed.setattr(
            platform_twin.PlatformTwin, "endpoint", lambda self, unit: self.workload.naming("env-", "").endpoint(unit)
        )
        message = twins.release(tiny, second).message or ""
    assert message.startswith("production: rolled back to what served before: half switched, and no longer admitted: ")
    assert "has been declared differently since, or its target points elsewhere" in message


def test_what_another_release_had_to_take_back_says_how_the_hold_ends(twins: Twins, tiny: TinyTwin) -> None:
    tiny.circuits = ("A1",)
    tiny.declare()
    released(twins, tiny)
    changed = tiny.candidates()
    waits(twins, tiny, changed, APPROVE)
    with twins.answering(APPROVE):
        deploy_version("TINY/A1", "2", "production", "tiny", "linus", return_state=True)
    rollback("tiny", "production", dry_run=False)
    assert f"`signalbox unhold {twins.names(tiny)[0]} --as NAME --reason WHY --workload {tiny.name}` ends the hold" in (
        twins.release(tiny, changed).message or ""
    )


# secrets


@pytest.mark.parametrize(
    "address",
    [
        "https://abc.blob.core.attacker.example",
        "https://abc.blob.core.windows.net.attacker.example",
        "https://abc.blob.core.windows.example",
        "http://abc.blob.core.windows.net",
    ],
)
def test_a_ledger_s_block_sends_no_token_to_another_host(address: str) -> None:
    with pytest.raises(ValidationError, match="account_url"):
        Ledger(account_url=address, credential=AzureCredential(kind="azure_cli"))

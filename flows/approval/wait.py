"""How a run waits for a form: suspended where it was deployed, paused in place where it was started by hand.

Prefect's own `suspend_flow_run` and `pause_flow_run` give the state no message, and none can be added to a state that is there: the
server takes no second pause of a run that is paused, and a forced one would be set over an answer that came meanwhile. So the
state is proposed here, with its message, as the one transition that it is there, too.
"""

from time import monotonic, sleep
from typing import Any
from uuid import UUID

import httpx
from prefect import get_run_logger, runtime
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import State
from prefect.exceptions import Abort, Pause, PrefectHTTPStatusError
from prefect.input.actions import read_flow_run_input
from prefect.input.run_input import Keyset, RunInput, keyset_from_paused_state
from prefect.states import Paused, Suspended
from prefect.utilities.engine import propose_state_sync

from domain.errors import Terminal

LAST_LOOK = 1.0
"""Seconds after the time was up: an answer that came in the last moment is written down by then."""
OUTAGE = 600.0
"""Seconds after the time was up for which a server that does not answer is asked again: it may have an answer."""


def wait_for(form: type[RunInput], message: str, seconds: int, poll_seconds: float, key: str) -> Any:
    """What somebody sent, as it came; None when the time ran out. Terminal when somebody sets the run's state meanwhile: no answer could reach it then.

    message: what people read beside the run's state. key: the server keeps the answer to it, so that a run that starts again
    finds it there. poll_seconds: how often a run that waits in place looks.
    """
    run, deployed, ends = UUID(str(runtime.flow_run.id)), bool(runtime.deployment.id), monotonic() + seconds
    wanted: State[Any] = (Suspended if deployed else Paused)(timeout_seconds=seconds, pause_key=key, message=message)
    keyset = keyset_from_paused_state(wanted)
    wanted.state_details.run_input_keyset = {str(part): name for part, name in keyset.items()}
    with get_client(sync_client=True) as client:
        if _answered(client, run, keyset):
            return _sent(keyset)  # the run ended before it was taken, and somebody has started it again
        state = _proposed(client, wanted, run)
        if state.is_running():
            return _sent(keyset)  # it was asked before, and started again because somebody answered
        if not state.is_paused():
            raise _set(state)
        _save(form, keyset)
        get_run_logger().info("%s", message)
        if deployed:
            raise Pause(state=state)  # the process ends, and the flow starts from the top once there is an answer
        return _in_place(client, run, keyset, ends, poll_seconds)


def _proposed(client: SyncPrefectClient, wanted: State, run: UUID) -> State:
    """The state that the run has then."""
    try:
        return propose_state_sync(client, wanted, run)
    except Abort as why:
        state = client.read_flow_run(run).state
        if state is not None and state.is_final():
            return state
        raise Terminal(
            f"this run cannot wait at its gate: {why} Start the release by itself, not in another flow's run"
        ) from None
    except Pause as paused:
        state = paused.state
        if state is not None and state.state_details.pause_key == wanted.state_details.pause_key:
            return state  # it was taken, and the server's word of it lost on the way
        raise


def _in_place(client: SyncPrefectClient, run: UUID, keyset: Keyset, ends: float, poll_seconds: float) -> Any:
    """ends: by the monotonic clock, and never after the server's own time is up."""
    while True:
        left = ends - monotonic()
        sleep(min(poll_seconds, left) if left > 0 else LAST_LOOK)
        try:
            state = client.read_flow_run(run).state
        except httpx.HTTPError as silent:
            refused = isinstance(silent, httpx.HTTPStatusError) and silent.response.status_code < 500
            if refused or left < -OUTAGE:
                raise
            get_run_logger().warning("the server does not say whether there is an answer, trying again: %s", silent)
            continue
        if state is not None and state.is_running():
            return _sent(keyset)
        if state is not None and state.is_failed() and monotonic() >= ends:
            return None  # so the server ends a run that is answered too late
        if state is not None and (state.is_final() or state.is_cancelling()):
            raise _set(state)
        if left <= 0:
            return None


def _answered(client: SyncPrefectClient, run: UUID, keyset: Keyset) -> bool:
    try:
        client.read_flow_run_input(run, keyset["response"])
    except PrefectHTTPStatusError as error:
        if error.response.status_code == 404:
            return False
        raise
    return True


def _save(form: type[RunInput], keyset: Keyset) -> None:
    """Once: a run that ended at its gate, and was started again, finds its form there."""
    try:
        form.save(keyset)
    except PrefectHTTPStatusError as error:
        if error.response.status_code != 409:
            raise


def _sent(keyset: Keyset) -> Any:
    return read_flow_run_input(keyset["response"]) or {}  # a coroutine in a flow that is async; ours are not


def _set(state: State) -> Terminal:
    return Terminal(
        f"this run was set to {state.name} while it waited at its gate, so no answer can reach it. The release has not ended: "
        "start it again with the same parameters, and it waits at the same approval request"
    )

"""What the server itself does not take as an answer to a gate's form."""

import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from prefect import flow, runtime
from prefect.client.orchestration import get_client
from prefect.client.schemas.responses import SetStateStatus

from flows.approval.form import ask

pytestmark = pytest.mark.usefixtures("laptop")

END = {"decision": "reject", "approver": "ada", "comment": "the end of this test"}


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"decision": "approve", "approver": "ada", "comment": ""},
        {**END, "proof": "1", "extra": "field"},
        {**END, "proof": "1", "decision": "maybe"},
        {**END, "proof": "1", "decision": "break-glass"},
        {**END, "proof": "1", "approver": 5},
        {**END, "proof": "1", "approver": ""},
        {**END, "proof": "1", "comment": "x" * 1_000_000},
        {**END, "proof": "x" * 1_000_000},
    ],
    ids=[
        "nothing",
        "no proof",
        "extra",
        "no choice",
        "no glass here",
        "number",
        "nobody",
        "long comment",
        "long proof",
    ],
)
def test_the_server_refuses_what_is_no_answer(waiting: UUID, bad: dict[str, Any]) -> None:
    with get_client(sync_client=True) as client:
        answer = client.resume_flow_run(waiting, run_input=bad)
        assert answer.status is SetStateStatus.REJECT
        assert client.read_flow_run(waiting).state.is_paused()  # type: ignore[union-attr]  # a run has a state


@pytest.fixture(scope="module")
def waiting(laptop: object) -> Iterator[UUID]:
    """A run of nothing but a gate's form."""
    started: list[UUID] = []

    @flow
    def asks() -> None:
        started.append(UUID(str(runtime.flow_run.id)))
        ask("evidence", "a gate waits", "only-a-form-1", 120, 0.5, break_glass=False)

    def in_background() -> None:
        asks(return_state=True)

    thread = threading.Thread(target=in_background, daemon=True)
    thread.start()
    with get_client(sync_client=True) as client:
        for _ in range(100):
            if started and client.read_flow_run(started[0]).state.is_paused():  # type: ignore[union-attr]
                break
            time.sleep(0.2)
        yield started[0]
        client.resume_flow_run(started[0], run_input={**END, "proof": "1"})
    thread.join(timeout=20)

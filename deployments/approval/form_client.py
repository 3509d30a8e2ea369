"""Answers the approval forms of waiting flow runs from outside the Prefect UI: at a terminal, or alone in a demo."""

import _thread
import json
import logging
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Self
from uuid import UUID, uuid4

import httpx
from prefect import tags
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.responses import SetStateStatus
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError

LIMIT = 200  # the server's own; it refuses the client's default, which is none
FIELDS = frozenset({"decision", "approver", "proof", "comment"})

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pending:
    """A form that waits for an answer.

    evidence: markdown. form: its JSON schema. refusal: why the server did not take the last answer, or "". gone: why it waits no
    longer, or "" while it does.
    """

    run_id: UUID
    run_name: str
    key: str
    evidence: str
    form: dict[str, Any]
    refusal: str = ""
    gone: Callable[[], str] = field(default=lambda: "", compare=False, repr=False)

    @property
    def choices(self) -> list[str]:
        """The decisions that the form takes."""
        return list(self.form["properties"]["decision"].get("enum", []))


FormAnswer = dict[str, str]
Decide = Callable[[Pending], FormAnswer | None]
"""Returns the answer to a form, or None to leave it to somebody else."""


class Approver:
    """Asks `decide` about every approval form of the given runs, or of all; as a context manager, in the background.

    tag: only of runs that carry it; see `own_runs`.
    When `decide` raises, the main thread is interrupted as by Ctrl-C, because it may wait for an answer that will never
    come, and the error is raised on the way out.
    """

    def __init__(
        self, decide: Decide, runs: Collection[UUID] | None = None, poll_seconds: float = 1.0, tag: str | None = None
    ) -> None:
        self._decide = decide
        self._runs = None if runs is None else frozenset(runs)
        self._tag = tag
        self._poll_seconds = poll_seconds
        self._left: set[tuple[UUID, str]] = set()
        self._without_evidence: set[tuple[UUID, str]] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="approver", daemon=True)
        self._error: Exception | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(timeout=5)  # a person may be typing; the thread is a daemon
        if self._error is not None:
            raise self._error

    def answer_once(self) -> int:
        """Ask about every form that waits now; returns how many answers were accepted."""
        with get_client(sync_client=True) as client:
            return self._answer_all(client)

    def _answer_all(self, client: SyncPrefectClient) -> int:
        pending = [self._pending(client, run) for run in self._waiting(client)]
        return sum(self._answer(client, form) for form in pending if form is not None)

    def _watch(self) -> None:
        try:
            with get_client(
                sync_client=True
            ) as client:  # one for all polls: making it reads every authority's certificate
                while not self._stop.is_set():
                    self._poll(client)
                    self._stop.wait(self._poll_seconds)
        except Exception as error:  # noqa: BLE001  # raised again by __exit__, in the thread that can act on it
            self._error = error
            _thread.interrupt_main()

    def _poll(self, client: SyncPrefectClient) -> None:
        try:
            self._answer_all(client)
        except httpx.HTTPError as error:
            if isinstance(error, httpx.HTTPStatusError) and error.response.status_code < 500:
                raise
            logger.warning("the server does not say which runs wait, trying again: %s", error)

    def _waiting(self, client: SyncPrefectClient) -> list[FlowRun]:
        ids = None if self._runs is None else FlowRunFilterId(any_=sorted(self._runs))
        tagged = None if self._tag is None else FlowRunFilterTags(all_=[self._tag])
        return waiting_runs(client, FlowRunFilter(id=ids, tags=tagged))

    def _pending(self, client: SyncPrefectClient, run: FlowRun) -> Pending | None:
        if (run.id, _keys(run).get("response", "")) in self._left:
            return None  # looked at before anything is read: others' forms may wait for hours
        form = form_of(client, run)
        if form is None:
            return None
        if not form.evidence and (run.id, form.key) not in self._without_evidence:
            self._without_evidence.add((run.id, form.key))  # it is written after the form; look once more
            return None
        return form

    def _answer(self, client: SyncPrefectClient, form: Pending) -> bool:
        pending = replace(form, gone=lambda: self._gone(client, form))
        while not self._stop.is_set():
            answer = self._decide(pending)
            if answer is None:
                self._left.add((pending.run_id, pending.key))
                return False
            result = client.resume_flow_run(pending.run_id, run_input=answer)
            if result.status is SetStateStatus.ACCEPT:
                return True
            reason = getattr(result.details, "reason", None) or str(result.status)
            if result.status is not SetStateStatus.REJECT:
                logger.warning("%s no longer waits for this answer: %s", pending.run_name, reason)
                return False
            pending = replace(pending, refusal=reason)
        return False

    def _gone(self, client: SyncPrefectClient, form: Pending) -> str:
        if self._stop.is_set():
            return "the command that asked is ending"
        try:
            run = client.read_flow_run(form.run_id)
            answered = _read(client, form.run_id, form.key) is not None
        except ObjectNotFound:
            return "its run was deleted"
        except httpx.HTTPError:
            return ""  # nobody knows; it is looked again
        state = run.state
        if answered:
            return "it was answered elsewhere"
        if state is not None and state.is_final():
            return f"its run has ended {state.name}: {state.message or 'nobody said why'}"
        return "" if _keys(run).get("response") == form.key else "its run goes on without an answer"


@contextmanager
def own_runs() -> Iterator[str]:
    """Runs that start inside carry the tag that is given: a command answers those that it started, and nobody else's."""
    tag = f"asked-at-its-command-{uuid4().hex[:12]}"
    with tags(tag):
        yield tag


def waiting_runs(client: SyncPrefectClient, chosen: FlowRunFilter) -> list[FlowRun]:
    """Runs that wait for somebody, the longest first."""
    chosen.state = FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.PAUSED]))
    return client.read_flow_runs(flow_run_filter=chosen, sort=FlowRunSort.EXPECTED_START_TIME_ASC, limit=LIMIT)


def form_of(client: SyncPrefectClient, run: FlowRun) -> Pending | None:
    """The approval form of a waiting run; None when it waits for something else."""
    keyset = _keys(run)
    if not keyset:
        return None
    form = _read(client, run.id, keyset["schema"])
    if form is None or not form.get("properties", {}).keys() >= FIELDS:
        return None
    evidence = _read(client, run.id, keyset["description"])
    return Pending(run.id, run.name, keyset["response"], evidence or "", form)


def waiting_forms() -> list[Pending]:
    """Every approval form that waits and shows its evidence, the longest first."""
    with get_client(sync_client=True) as client:
        runs = waiting_runs(client, FlowRunFilter())
        return [form for run in runs if (form := form_of(client, run)) is not None and form.evidence]


def _keys(run: FlowRun) -> dict[str, str]:
    """Under which the server keeps the form of a waiting run, its evidence and its answer; empty where it waits for none."""
    return (run.state and run.state.state_details.run_input_keyset) or {}


def _read(client: SyncPrefectClient, run_id: UUID, key: str) -> Any:
    try:
        return json.loads(client.read_flow_run_input(run_id, key))
    except PrefectHTTPStatusError as error:
        if error.response.status_code == 404:
            return None
        raise

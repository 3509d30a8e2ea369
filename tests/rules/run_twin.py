"""A flow run without a Prefect server: flows and tasks are called where they are, with the house's retries, and remember nothing.

What a run asks of the server is kept here instead: artifacts, blocks, the answers to its forms. Every step of a fan-out is done
in its order, one after the other, so that a history can be played again.
"""

import json
import logging
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import prefect.artifacts
import pytest
from prefect import Flow, Task, get_run_logger
from prefect.blocks.core import Block
from prefect.client.orchestration import get_client
from prefect.exceptions import FailedRun, ObjectNotFound
from prefect.states import Completed, Failed, State
from prefect.utilities.annotations import BaseAnnotation

from deployments.approval.form_client import FormAnswer, Pending
from flows.approval import form
from tasks.retries import RETRIED

PRODUCT = ("flows.", "tasks.")
Decide = Callable[[Pending], FormAnswer | None]


def nobody(pending: Pending) -> FormAnswer | None:
    """Until somebody is there who decides."""
    raise AssertionError(f"nobody answers form {pending.key}")


class RunTwin:
    """artifacts: key → contents, the newest last. blocks: type and name → block. decide: answers a form; None: nobody in time.
    messages: beside the run's state while it waited."""

    def __init__(self) -> None:
        self.artifacts: dict[str, list[Any]] = {}
        self.blocks: dict[tuple[str, str], Block] = {}
        self.decide: Decide = nobody
        self.run_id = uuid4()
        self.name = ""
        self.messages: list[str] = []

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Put it in the server's place until the patch is undone."""
        logger = logging.getLogger("signalbox.run")
        logger.setLevel(logging.INFO)
        rebind(
            patch,
            (get_run_logger, lambda: logger),
            (get_client, lambda **_: nullcontext(self)),
            (prefect.artifacts.create_table_artifact, self._keep),
            (prefect.artifacts.create_markdown_artifact, self._keep),
            (prefect.artifacts.create_progress_artifact, self._keep),
            (prefect.artifacts.update_progress_artifact, lambda *_, **__: None),
        )
        patch.setattr(Flow, "__call__", _run_flow)
        patch.setattr(Task, "__call__", _run_task)
        patch.setattr(Task, "submit", _submit_task)
        patch.setattr(Block, "load", classmethod(lambda kind, name: self._loaded(kind, name)))
        patch.setattr(Block, "save", lambda block, name, overwrite=False: self.save(name, block))
        patch.setattr(form, "wait_for", self._wait)
        patch.setitem(RETRIED, "retry_delay_seconds", [0.0] * RETRIED["retries"])
        patch.setenv("PREFECT__RUNTIME__FLOW_RUN__ID", str(self.run_id))

    def deciding(self, decide: Decide) -> AbstractContextManager[None]:
        """Somebody answers the forms from now on."""
        self.decide = decide
        return nullcontext()

    def save(self, name: str, block: Block) -> None:
        """Register a block."""
        self.blocks[type(block).get_block_type_slug(), name] = block

    def read_latest_artifacts(self, artifact_filter: Any, limit: int) -> list[Any]:
        """As `tasks.ledger.head` asks for it."""
        found = [self.artifacts[key][-1] for key in artifact_filter.key.any_ if key in self.artifacts]
        return [SimpleNamespace(data=json.dumps(content)) for content in found[:limit]]

    def read_artifacts(self, artifact_filter: Any, sort: Any, limit: int) -> list[Any]:
        """The same, of an environment that signs."""
        found = [content for key in artifact_filter.key.any_ for content in reversed(self.artifacts.get(key, []))]
        return [SimpleNamespace(data=json.dumps(content)) for content in found[:limit]]

    def read_flow_run(self, flow_run_id: Any) -> Any:
        """No run has a page."""
        raise ObjectNotFound(LookupError(flow_run_id))

    def update_flow_run(self, flow_run_id: Any, name: str) -> None:
        """As `tasks.run_names` asks for it."""
        self.name = name

    def _keep(self, content: Any = None, *, key: str, description: str = "") -> Any:
        self.artifacts.setdefault(key, []).append(json.loads(json.dumps(content)))
        return uuid4()

    def _loaded(self, kind: type[Block], name: str) -> Block:
        slug = kind.get_block_type_slug()
        if (slug, name) not in self.blocks:
            raise ValueError(f"Unable to find block document named {name} for block type {slug}")
        return self.blocks[slug, name]

    def _wait(self, form: Any, message: str, seconds: int, poll_seconds: float, key: str) -> Any:
        """As if the run paused in place, and somebody sent the form."""
        self.messages.append(message)
        shown = getattr(form._description, "default", form._description)
        return self.decide(Pending(self.run_id, "release", key, str(shown), form.model_json_schema()))


def rebind(patch: pytest.MonkeyPatch, *twins: tuple[Any, Any]) -> None:
    """Wherever the product has imported one by name. twins: what is known, and what takes its place."""
    places = {id(known): twin for known, twin in twins}
    for module_name, module in list(sys.modules.items()):
        if module_name.startswith(PRODUCT):
            for name, value in list(vars(module).items()):
                if id(value) in places:
                    patch.setattr(module, name, places[id(value)])


def _run_flow(flow: "Flow[..., Any]", *arguments: Any, return_state: bool = False, **named: Any) -> Any:
    """As Prefect ends it: an error is raised, or is the state's message."""
    try:
        result = flow.fn(*arguments, **named)
    except Exception as error:
        if not return_state:
            raise
        return Failed(message=f"Flow run encountered an exception: {type(error).__name__}: {error}")
    if return_state:
        return result if isinstance(result, State) else Completed(data=result)
    if isinstance(result, State) and result.is_failed():
        raise FailedRun(result.message)
    return result


def _run_task(task: "Task[..., Any]", *arguments: Any, **named: Any) -> Any:
    """With its own number of retries, at once."""
    for again in reversed(range(1 + (task.retries or 0))):
        try:
            return task.fn(*arguments, **named)
        except Exception as error:
            passing = task.retry_condition_fn is None or task.retry_condition_fn(task, None, _Ended(error))
            if not again or not passing:
                raise
    raise AssertionError("the last try returns or raises")


class _Ended:
    """What a retry condition looks at."""

    def __init__(self, error: Exception) -> None:
        self.data = error


def _submit_task(task: "Task[..., Any]", *arguments: Any, **named: Any) -> "_Future":
    bare = [one.unwrap() if isinstance(one, BaseAnnotation) else one for one in arguments]
    try:
        result = _run_task(task, *bare, **named)
    except Exception as error:  # noqa: BLE001 — whoever asks for the result gets it
        return _Future(error)
    return _Future(result)


class _Future:
    """Done before anybody asks."""

    def __init__(self, outcome: Any) -> None:
        self._outcome, self.state = outcome, Completed()

    def result(self, raise_on_failure: bool = True) -> Any:
        """What came out."""
        if isinstance(self._outcome, Exception) and raise_on_failure:
            raise self._outcome
        return self._outcome

"""The same task for every circuit at once, and what became of each."""

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from domain.errors import Terminal, Transient

Result = TypeVar("Result")

WORKERS = 8
"""Circuits at once in one flow run; unbounded threads did not finish a thousand (measured)."""


def fan_out(workers: int) -> TaskRunner[PrefectFuture[Any]]:
    """A task runner that works on so many circuits at once."""
    return cast("TaskRunner[PrefectFuture[Any]]", ThreadPoolTaskRunner(max_workers=workers))


FAN_OUT = fan_out(WORKERS)


def gathered(futures: Mapping[str, PrefectFuture[Result]]) -> tuple[dict[str, Result], dict[str, str]]:
    """Wait for all: what succeeded, and the reason of what ended with a definite no.

    Raises Transient when something failed technically: nothing is decided by that, and running again goes on from there.
    """
    results: dict[str, Result] = {}
    failures: dict[str, str] = {}
    technical: list[str] = []
    for name, future in futures.items():
        result = future.result(raise_on_failure=False)
        if isinstance(result, Terminal):
            failures[name] = str(result)
        elif isinstance(result, Exception):
            technical.append(f"{name}: {result}")
        else:
            results[name] = result
    if technical:
        raise Transient("technical failures; run the same command again to go on: " + "; ".join(technical))
    return results, failures

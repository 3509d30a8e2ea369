"""The same task for every circuit at once, and what became of each."""

from collections.abc import Iterator, Mapping
from typing import Any, ParamSpec, TypeVar, cast

from prefect import Task
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner
from prefect.utilities.annotations import quote

from domain.errors import Terminal, Transient
from domain.suggestion import listed_reasons
from flows.progress import Progress

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

WORKERS = 64
"""Circuits at once in one flow run. Most of their time they wait for Azure, and the limiter says how many may ask at once: with
64 a release of 48 circuits took 38 s where 8 took 62 s and 32 took 45 s. Unbounded threads did not finish a thousand."""


def fan_out(workers: int) -> TaskRunner[PrefectFuture[Any]]:
    """A task runner that works on so many circuits at once."""
    return cast("TaskRunner[PrefectFuture[Any]]", ThreadPoolTaskRunner(max_workers=workers))


FAN_OUT = fan_out(WORKERS)


def started(
    task: Task[Arguments, Result], *arguments: Arguments.args, **named: Arguments.kwargs
) -> PrefectFuture[Result]:
    """Submit a task with its arguments as they are.

    Prefect searches arguments for futures, into every field of a model, and a workload names every circuit, so that
    searching grows with the square of a fleet: of 1,000 circuits a task took 23 ms of CPU with it, 6 ms without (measured).
    """
    submit = cast("Task[..., Result]", task).submit
    return submit(*map(quote, arguments), **{name: quote(value) for name, value in named.items()})


def watched(futures: Mapping[str, PrefectFuture[Result]], step: str) -> Iterator[tuple[str, Result | BaseException]]:
    """Each circuit and its result, or what was raised, in order as they are there; a progress artifact shows how far it is."""
    progress = Progress(step, len(futures)) if futures else None
    for name, future in futures.items():
        result = future.result(raise_on_failure=False)
        if progress is not None:
            progress.count(failed=isinstance(result, BaseException))
        yield name, result


def gathered(futures: Mapping[str, PrefectFuture[Result]], step: str) -> tuple[dict[str, Result], dict[str, str]]:
    """Wait for all: what succeeded, and the reason of what ended with a definite no. step: in words, for people who watch.

    Raises Transient when something failed technically: nothing is decided by that, and running again goes on from there.
    """
    results: dict[str, Result] = {}
    failures: dict[str, str] = {}
    technical: dict[str, str] = {}
    for name, result in watched(futures, step):
        if isinstance(result, Terminal):
            failures[name] = str(result)
        elif isinstance(result, BaseException):
            technical[name] = str(result)
        else:
            results[name] = result
    if technical:
        raise Transient(f"technical failures; run the same command again to go on: {listed_reasons(technical)}")
    return results, failures

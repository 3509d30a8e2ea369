"""The same verb for every circuit at once, and what became of each."""

from collections import deque
from collections.abc import Mapping
from queue import Empty, SimpleQueue
from typing import Any, TypeVar, cast

from prefect import Task, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.states import Completed, Failed
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner
from prefect.utilities.annotations import quote

from domain.errors import Terminal, Transient
from domain.shown import shown_lines
from domain.text import listed_reasons
from flows.fan_out.progress import Progress
from tasks.retries import with_retries

Result = TypeVar("Result")
Call = tuple[str, tuple[Any, ...]]
Outcomes = SimpleQueue[tuple[str, Any]]

WORKERS = 64
"""Circuits at once in one flow run. Most of their time they wait for Azure, and the limiter says how many may ask at once: with
64 a release of 48 circuits took 38 s where 8 took 62 s and 32 took 45 s. Unbounded threads did not finish a thousand."""

UNFINISHED = "it was not finished: the run was stopped first, or broke off at an earlier one; run it again to continue"


def fan_out(workers: int) -> TaskRunner[PrefectFuture[Any]]:
    """A task runner that works on so many circuits at once."""
    return cast("TaskRunner[PrefectFuture[Any]]", ThreadPoolTaskRunner(max_workers=workers))


FAN_OUT = fan_out(WORKERS)


def map_units(
    verb: Task[..., Result], calls: Mapping[str, tuple[Any, ...]], step: str
) -> dict[str, Result | BaseException]:
    """Call the verb for every circuit, with retries; circuit → its result, or what was raised, in the order of `calls`.

    calls: circuit → arguments. step: in words, for people who watch. Each of up to `WORKERS` task runs begins with a circuit
    of its own and goes on with what is left: a task run a circuit costs more than to switch it (measured), so that of a large
    fleet a task run carries many, each with its line of log.
    """
    if not calls:
        return {}
    waiting: deque[Call] = deque(calls.items())
    firsts = [waiting.popleft() for _ in range(min(WORKERS, len(calls)))]
    outcomes: Outcomes = SimpleQueue()
    # quoted: else Prefect searches the arguments for futures, into every field of a model
    submit = cast("Any", work_through).submit
    futures: list[PrefectFuture[Any]] = [
        submit(f"{step}: {first[0]}", quote(verb), quote(first), quote(waiting), quote(outcomes)) for first in firsts
    ]
    found: dict[str, Result | BaseException] = {}
    progress = Progress(step, len(calls))
    while len(found) < len(calls):
        try:
            name, outcome = outcomes.get(timeout=1.0)
        except Empty:
            if all(future.state.is_final() for future in futures) and outcomes.empty():
                break  # a task run ended before its circuits did: cancelled, or crashed
            continue
        found[name] = outcome
        progress.count(failed=isinstance(outcome, BaseException))
    ends = [future.result(raise_on_failure=False) for future in futures]
    crash = next((end for end in ends if isinstance(end, BaseException)), Transient(UNFINISHED))
    return {name: found.get(name, crash) for name in calls}


@task(name="circuits", task_run_name="{what}", cache_policy=NO_CACHE)
def work_through(
    what: str, verb: Task[..., Any], first: Call, waiting: deque[Call], outcomes: Outcomes
) -> "State[Any]":
    """The first circuit, then whatever nobody has begun. Failed where a circuit did: its reason is in log and state."""
    logger, failures, done = get_run_logger(), dict[str, str](), 0
    call: Call | None = first
    while call is not None:
        name, arguments = call
        outcome = with_retries(verb, arguments, name)
        if isinstance(outcome, BaseException):
            failures[name] = str(outcome)
            logger.error("%s: %s", name, outcome)
        else:
            logger.info("%s: done", name)
        outcomes.put((name, outcome))
        done += 1
        try:
            call = waiting.popleft()
        except IndexError:
            call = None
    if failures:
        return Failed(message=shown_lines(listed_reasons(failures)))
    return Completed(message=f"{done} circuits")


def map_split(
    verb: Task[..., Result], calls: Mapping[str, tuple[Any, ...]], step: str
) -> tuple[dict[str, Result], dict[str, str]]:
    """`map_units`, `split_results`."""
    outcomes = map_units(verb, calls, step)
    return split_results(outcomes)


def split_results(outcomes: Mapping[str, Result | BaseException]) -> tuple[dict[str, Result], dict[str, str]]:
    """What succeeded, and the reason of what ended with a definite no.

    Raises Transient when something failed technically: nothing is decided by that, and running again goes on from there.
    """
    results: dict[str, Result] = {}
    failures: dict[str, str] = {}
    technical: dict[str, str] = {}
    for name, result in outcomes.items():
        if isinstance(result, Terminal):
            failures[name] = str(result)
        elif isinstance(result, BaseException):
            technical[name] = str(result)
        else:
            results[name] = result
    if technical:
        raise Transient(f"technical failures; run the same command again to continue: {listed_reasons(technical)}")
    return results, failures

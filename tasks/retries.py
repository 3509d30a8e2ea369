"""The one retry policy of the house.

The Azure SDKs retry a single request first and honour Retry-After there; this policy repeats the whole verb, which is
idempotent, when that was not enough.
"""

import time
from random import random
from typing import Any, TypedDict, TypeVar

from prefect import Task, get_run_logger
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun

from domain.errors import Transient

Result = TypeVar("Result")

PASSING = (Transient, SystemError)
"""What may succeed by itself. Python 3.11 up to 3.11.7 raises SystemError now and then where threads parse source (cpython
issue 106905)."""


class RetryPolicy(TypedDict):
    """What `@task(**RETRIED)` sets."""

    retries: int
    retry_delay_seconds: list[float]
    retry_jitter_factor: float
    retry_condition_fn: Any
    cache_policy: Any


def is_transient(task: "Task[..., Any]", run: TaskRun, state: "State[Any]") -> bool:
    """Only what may succeed by itself is tried again; a person must act on the rest."""
    return isinstance(state.data, PASSING)


RETRIED = RetryPolicy(
    retries=4,
    retry_delay_seconds=[1, 3, 9, 27],
    retry_jitter_factor=0.5,
    retry_condition_fn=is_transient,
    cache_policy=NO_CACHE,  # results of earlier runs are not this run's; the ledger and Azure say what is done
)


def with_retries(verb: "Task[..., Result]", arguments: tuple[Any, ...], name: str) -> Result | Exception:
    """The verb's result, or what was raised when the policy's last try failed, too: the same policy within a task run."""
    logger = get_run_logger()
    for seconds in (*RETRIED["retry_delay_seconds"], None):
        try:
            return verb.fn(*arguments)
        except Exception as error:  # noqa: BLE001 — whoever asked tells them apart
            if seconds is None or not isinstance(error, PASSING):
                return error
            wait = seconds * (1 + RETRIED["retry_jitter_factor"] * random())  # noqa: S311 — no secret
            logger.warning("%s: tried again in %.0f s: %s", name, wait, error)
            time.sleep(wait)
    raise AssertionError("the last try returns")

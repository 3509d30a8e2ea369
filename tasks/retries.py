"""The one retry policy of the house.

The Azure SDKs retry a single request first and honour Retry-After there; this policy repeats the whole verb, which is
idempotent, when that was not enough.
"""

from typing import Any, TypedDict

from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun

from domain.errors import Transient


class RetryPolicy(TypedDict):
    """What `@task(**RETRIED)` sets."""

    retries: int
    retry_delay_seconds: list[float]
    retry_jitter_factor: float
    retry_condition_fn: Any
    cache_policy: Any


def is_transient(task: "Task[..., Any]", run: TaskRun, state: "State[Any]") -> bool:
    """Only what may succeed by itself is tried again; a person must act on the rest."""
    # Python 3.11 up to 3.11.7 raises SystemError now and then where threads parse source (cpython issue 106905)
    return isinstance(state.data, Transient | SystemError)


RETRIED = RetryPolicy(
    retries=4,
    retry_delay_seconds=[1, 3, 9, 27],
    retry_jitter_factor=0.5,
    retry_condition_fn=is_transient,
    cache_policy=NO_CACHE,  # results of earlier runs are not this run's; the ledger and Azure say what is done
)

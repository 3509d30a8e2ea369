"""What runs are called: parameters are texts from outside, and stand in lists, pages and terminals."""

from collections.abc import Callable
from uuid import UUID

from prefect import runtime
from prefect.client.orchestration import get_client

from domain.shown import shown


def run_name(form: str) -> Callable[[], str]:
    """Of a flow: `run_name("rollback {workload} {stage}")`, with the run's parameters put in; `plan …` where it is only a dry run."""

    def name() -> str:
        parameters = runtime.flow_run.parameters
        return shown(("plan " if parameters.get("dry_run") else "") + form.format(**parameters))

    return name


def rename_run(name: str) -> None:
    """Call this run so from now on: what it carries is known after it has begun."""
    with get_client(sync_client=True) as client:
        client.update_flow_run(UUID(str(runtime.flow_run.id)), name=shown(name))

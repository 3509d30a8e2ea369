"""What runs are called: parameters are texts from outside, and stand in lists, pages and terminals."""

from collections.abc import Callable

from prefect import runtime

from domain.shown import shown


def run_name(form: str) -> Callable[[], str]:
    """Of a flow: `run_name("rollback {workload} {stage}")`, with the run's parameters put in."""

    def name() -> str:
        return shown(form.format(**runtime.flow_run.parameters))

    return name

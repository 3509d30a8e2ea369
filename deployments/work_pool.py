"""The work pool that prefect.yaml's deployments name. Who may start a run in it chooses no command line, no variables and no folder for it.

Prefect's own template of process pools lets every run choose all three: who reaches the API would run any program as the worker's user.
"""

from copy import deepcopy
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.exceptions import ObjectAlreadyExists

PROCESS = "process"
NOT_A_RUNS_CHOICE = ("command", "env", "working_dir")
TEMPLATE: dict[str, Any] = {
    "job_configuration": {"labels": "{{ labels }}", "name": "{{ name }}", "stream_output": "{{ stream_output }}"},
    "variables": {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "labels": {
                "title": "Labels",
                "type": "object",
                "additionalProperties": {"type": "string"},
                "description": "Labels of the run's process.",
            },
            "name": {
                "title": "Name",
                "anyOf": [{"type": "string"}, {"type": "null"}],
                "default": None,
                "description": "Name of the run's process.",
            },
            "stream_output": {
                "title": "Stream Output",
                "type": "boolean",
                "default": True,
                "description": "Whether the worker prints what the run prints.",
            },
        },
    },
}
"""`additionalProperties`: the server refuses a run that names anything else, instead of starting it without."""


def create_work_pool(name: str) -> None:
    """Unless it is there; then a process pool is narrowed, and all else in it stays as it is."""
    with get_client(sync_client=True) as client:
        try:
            client.create_work_pool(WorkPoolCreate(name=name, type=PROCESS, base_job_template=TEMPLATE))
        except ObjectAlreadyExists:
            pool = client.read_work_pool(name)
            template = narrowed(pool.base_job_template) if pool.type == PROCESS else pool.base_job_template
            if template != pool.base_job_template:
                client.update_work_pool(name, WorkPoolUpdate(base_job_template=template))


def narrowed(template: dict[str, Any]) -> dict[str, Any]:
    """A process pool's template without what no run may choose; what an administrator fixed there for all runs stays fixed."""
    if not template:  # no worker was there yet, which would fill it with Prefect's own
        return deepcopy(TEMPLATE)
    changed = deepcopy(template)
    variables = changed.setdefault("variables", {})
    variables["additionalProperties"] = False
    for name in NOT_A_RUNS_CHOICE:
        variables.get("properties", {}).pop(name, None)
    if "required" in variables:
        variables["required"] = [one for one in variables["required"] if one not in NOT_A_RUNS_CHOICE]
    job = changed.setdefault("job_configuration", {})
    for name in NOT_A_RUNS_CHOICE:
        if isinstance(job.get(name), str) and "{{" in job[name]:
            del job[name]
    return changed

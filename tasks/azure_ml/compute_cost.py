"""What a compute cluster is and may cost, as Azure says."""

from blocks.workspace import Workspace
from domain.errors import SignalboxError
from tasks.azure_errors import azure_errors


def describe_cluster(workspace: Workspace, name: str) -> str:
    """Size, nodes at most and at least, seconds until idle ones go; also where it is gone or cannot be read."""
    from azure.core.exceptions import ResourceNotFoundError

    try:
        with azure_errors("reading it"):
            try:
                found = workspace.get_client().compute.get(name)
            except ResourceNotFoundError:
                return f"compute {name} is gone"
    except SignalboxError as error:
        return f"compute {name} is not known: {error}"
    if found.type != "amlcompute":  # no cluster of Azure ML's: nothing is known of its nodes
        return f"compute {name}: {found.type}"
    least, seconds = found.min_instances or 0, found.idle_time_before_scale_down
    idle = "idle" if seconds is None else f"idle for {seconds:g} s"
    kept = f"{least} of them always, the others until {idle}" if least else f"none once {idle}"
    return f"compute {name}: {found.size}, at most {found.max_instances} nodes, {kept}"

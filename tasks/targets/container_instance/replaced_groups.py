"""What a container group was that is deleted to be made anew: its tags say how to roll back, and nothing else does meanwhile."""

import json
from collections.abc import Mapping

from blocks.container_instances import ContainerInstances
from blocks.ledger import Ledger
from domain.rollout.deployment_history import serving_tag
from tasks.azure_errors import azure_errors
from tasks.ledger.facts import open_ledger


def keep_replaced(ledger: Ledger, block: ContainerInstances, name: str, tags: Mapping[str, str], by: str) -> None:
    """Before it is deleted. by: the deployment that comes in its place."""
    container = open_ledger(ledger)
    with azure_errors(f"keeping the tags of {name}"):
        container.upload_blob(_path(block, name), json.dumps({"tags": dict(tags), "by": by}), overwrite=True)


def replaced_tags(ledger: Ledger, block: ContainerInstances, name: str, deployment: str) -> Mapping[str, str]:
    """Tags of the group that was deleted for this deployment, or that had it, where the run that did so got no further.

    Empty where a group of this name was never deleted for another, or for others than these: it is gone for good.
    """
    from azure.core.exceptions import ResourceNotFoundError

    container = open_ledger(ledger)
    with azure_errors(f"reading the kept tags of {name}"):
        try:
            kept = json.loads(container.download_blob(_path(block, name)).readall())
        except ResourceNotFoundError:
            return {}
    tags: dict[str, str] = kept["tags"]
    return tags if deployment in (kept["by"], serving_tag(tags)) else {}


def _path(block: ContainerInstances, name: str) -> str:
    return f"groups/{block.subscription_id}/{block.resource_group}/{name}.json"

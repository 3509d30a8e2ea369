"""Computes: clusters (AmlCompute) that jobs and deployments run on."""

import re

from emulator.arm.errors import AzureError, bad_request
from emulator.arm.resource_id import ResourceId
from emulator.behaviours import Behaviour, Document
from emulator.behaviours.workspaces import region_of, workspace_of
from emulator.world import World

NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9-]{0,30}[a-zA-Z0-9]")
VM_SIZE = re.compile(r"(standard|basic)_[a-z]{1,3}\d+(-\d+)?[a-z]*(_[a-z]+\d*)?(_v\d+)?", re.IGNORECASE)
TYPES = ("AmlCompute", "ComputeInstance", "Kubernetes", "VirtualMachine")
MOST_NODES = 65_000


class Computes(Behaviour):
    """Long running, as on Azure; nothing real is allocated."""

    type = "Microsoft.MachineLearningServices/workspaces/computes"
    long_running = True

    def prepare(self, world: World, id: ResourceId, body: Document, existing: Document | None) -> Document:
        """Refuse what Azure refuses; an update may change the scale only."""
        if not NAME.fullmatch(id.name):
            raise bad_request(
                f"Compute name '{id.name}' is invalid. It must be between 2 and 32 characters long, start with a "
                "letter, end with a letter or digit, and contain only letters, digits and '-'."
            )
        properties = dict(body.get("properties") or {})
        kind = properties.get("computeType")
        if kind not in TYPES:
            raise bad_request(f"Compute type '{kind}' is not supported.", "UnsupportedComputeType")
        inner = {key: value for key, value in (properties.get("properties") or {}).items() if value is not None}
        before = (existing or {}).get("properties", {})
        if kind == "AmlCompute":
            inner = _cluster({**before.get("properties", {}), **inner}, before.get("properties", {}))
        region = region_of(body) if body.get("location") else region_of(workspace_of(world, id))
        fixed = {"computeType": kind, "computeLocation": region, "isAttachedCompute": False, "provisioningErrors": None}
        identity = body.get("identity") or (existing or {}).get("identity")
        return {
            "location": region,
            "tags": body.get("tags") or (existing or {}).get("tags") or {},
            "properties": {"description": None, "disableLocalAuth": False, **properties, **fixed, "properties": inner},
            **({"identity": identity} if identity else {}),
        }


def _cluster(wanted: Document, before: Document) -> Document:
    size = str(wanted.get("vmSize") or "")
    if not VM_SIZE.fullmatch(size):
        raise bad_request(
            f"The specified Azure ML Compute VM size {size or '(none)'} is not supported.", "InvalidVmSize"
        )
    if before and before["vmSize"].lower() != size.lower():
        raise AzureError(400, "BadRequest", "The VM size of an existing compute cannot be changed.")
    scale = wanted.get("scaleSettings") or {}
    least, most = scale.get("minNodeCount") or 0, scale.get("maxNodeCount")
    if not isinstance(most, int) or not isinstance(least, int) or not 0 <= least <= most <= MOST_NODES:
        raise bad_request(
            f"The scale settings are invalid: minNodeCount {least} and maxNodeCount {most} must be numbers with "
            f"0 <= minNodeCount <= maxNodeCount <= {MOST_NODES}.",
            "InvalidScaleSettings",
        )
    idle = scale.get("nodeIdleTimeBeforeScaleDown") or "PT120S"
    nodes = dict.fromkeys(
        ("idleNodeCount", "runningNodeCount", "preparingNodeCount", "unusableNodeCount", "leavingNodeCount"), 0
    )
    defaults = {"vmPriority": "Dedicated", "osType": "Linux", "enableNodePublicIp": True}
    settings = {"minNodeCount": least, "maxNodeCount": most, "nodeIdleTimeBeforeScaleDown": idle}
    state = {"allocationState": "Steady", "currentNodeCount": 0, "targetNodeCount": 0, "nodeStateCounts": nodes}
    return {**defaults, **wanted, "vmSize": size.upper(), "scaleSettings": settings, **state}

"""Batch deployments: a model, its scoring script and the compute that scores."""

import re
from typing import Any

from emulator.arm.errors import AzureError, bad_request
from emulator.arm.resource_id import ResourceId
from emulator.behaviours import Behaviour, Document
from emulator.behaviours.workspaces import region_of, workspace_of
from emulator.execution.locations import REGISTRY, registry_asset
from emulator.world import World

NAME = re.compile(r"[a-zA-Z](?=.{2,31}\Z)[a-zA-Z0-9]*(-[a-zA-Z0-9]+)*")
"""As endpoints' names (azure/machine-learning/how-to-manage-quotas)."""

NAME_RULE = (
    "It must be between 3 and 32 characters long, start with a letter, end with a letter or digit, and contain only "
    "letters, digits and single hyphens."
)

DEFAULTS: Document = {
    "description": None,
    "properties": {},
    "environmentVariables": {},
    "errorThreshold": -1,
    "loggingLevel": "Info",
    "maxConcurrencyPerInstance": 1,
    "miniBatchSize": 10,
    "outputAction": "AppendRow",
    "outputFileName": "predictions.csv",
}
AT_LEAST = {"miniBatchSize": 1, "maxConcurrencyPerInstance": 1, "errorThreshold": -1}


class BatchDeployments(Behaviour):
    """Long running; what it refers to is looked for while it is being created, as on Azure."""

    type = "Microsoft.MachineLearningServices/workspaces/batchEndpoints/deployments"
    long_running = True

    def prepare(self, world: World, id: ResourceId, body: Document, existing: Document | None) -> Document:
        """Complete it with Azure's defaults; numbers out of range are refused at once."""
        if existing is None and not NAME.fullmatch(id.name):
            raise bad_request(f"The specified deployment name '{id.name}' is invalid. {NAME_RULE}", "UserError")
        given = {key: value for key, value in (body.get("properties") or {}).items() if value is not None}
        properties = {**DEFAULTS, **(existing or {}).get("properties", {}), **given}
        for field, least in AT_LEAST.items():
            if not isinstance(properties[field], int) or properties[field] < least:
                text = f"The value '{properties[field]}' of '{field}' is invalid. It must be {least} or more."
                raise bad_request(text, "UserError")
        resources: Document = {"instanceCount": 1, "instanceType": None, "properties": {}} | _known(
            properties.get("resources")
        )
        if not isinstance(resources["instanceCount"], int) or resources["instanceCount"] < 1:
            raise bad_request(
                f"The instance count '{resources['instanceCount']}' is invalid. It must be 1 or more.", "UserError"
            )
        retries = {"maxRetries": 3, "timeout": "PT30S"} | _known(properties.get("retrySettings"))
        properties |= {"resources": resources, "retrySettings": retries}
        tags = body.get("tags") if body.get("tags") is not None else (existing or {}).get("tags")
        return {"location": region_of(workspace_of(world, id)), "tags": tags or {}, "properties": properties}

    def settle(self, world: World, id: ResourceId, document: Document) -> Document:
        """Fails when the compute, the model, the environment or the code is not there."""
        properties = document["properties"]
        compute = str(properties.get("compute") or "")
        if world.store.get(_arm(compute)) is None:
            name = compute.rpartition("/")[2] or "(none)"
            raise AzureError(404, "UserError", f"Requested compute '{name}' was not found in the workspace.")
        code = (properties.get("codeConfiguration") or {}).get("codeId")
        model = (properties.get("model") or {}).get("assetId")
        for noun, asset in (("Model", model), ("Environment", properties.get("environmentId")), ("Code", code)):
            if asset and not _is_there(world, str(asset)):
                raise AzureError(
                    404, "UserError", f"{noun} with id '{asset}' was not found. Check that it exists and try again."
                )
        return document

    def before_delete(self, world: World, id: ResourceId, document: Document) -> None:
        """The default one serves, and stays."""
        endpoint = world.store.get(id.ancestor(len(id.pairs) - 1).path) or {}
        default = (endpoint.get("properties", {}).get("defaults") or {}).get("deploymentName")
        if default and default.lower() == id.name.lower():
            text = (
                f"The deployment '{id.name}' is the default deployment of endpoint '{endpoint['name']}' and cannot be "
                "deleted. Make another deployment the default, or delete the endpoint."
            )
            raise bad_request(text, "UserError")


def _known(part: Any) -> Document:
    return {key: value for key, value in (part or {}).items() if value is not None}


def _arm(reference: str) -> str:
    return re.sub(r"^azureml:(?=/)", "", reference)


def _is_there(world: World, asset: str) -> bool:
    found = REGISTRY.match(asset)
    if found:
        return registry_asset(world, found[1], found[2], found[3], found[4]) is not None
    return world.store.get(_arm(asset)) is not None

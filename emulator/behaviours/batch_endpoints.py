"""Batch endpoints: names under which scoring is asked for, each with a default deployment.

On Azure the scoring URI is `https://{endpoint}.{region}.inference.ml.azure.com/jobs`. Here it is
`https://{region}.api.azureml.ms/batch{workspace's ARM id}/batchEndpoints/{endpoint}/jobs`, on a host that the proxy
answers for; clients only ever read it from the endpoint.
"""

import re

from emulator.arm.errors import bad_request
from emulator.arm.resource_id import ResourceId
from emulator.behaviours import Behaviour, Document
from emulator.behaviours.workspaces import region_of, workspace_of
from emulator.world import World

NAME = re.compile(r"[a-zA-Z](?=.{2,31}\Z)[-a-zA-Z0-9]*[a-zA-Z0-9]")
NAME_RULE = (
    "It must be between 3 and 32 characters long, start with a letter, end with a letter or digit, and contain only "
    "letters, digits and '-'."
)


class BatchEndpoints(Behaviour):
    """Long running; deleting one deletes its deployments."""

    type = "Microsoft.MachineLearningServices/workspaces/batchEndpoints"
    long_running = True

    def prepare(self, world: World, id: ResourceId, body: Document, existing: Document | None) -> Document:
        """Refuse a name that is not free in the region, and a default deployment that is not there."""
        if not NAME.fullmatch(id.name):
            raise bad_request(f"The specified endpoint name '{id.name}' is invalid. {NAME_RULE}", "UserError")
        region = region_of(workspace_of(world, id))
        if existing is None:
            self._refuse_taken_name(world, id, region)
        given = {key: value for key, value in (body.get("properties") or {}).items() if value is not None}
        before = (existing or {}).get("properties", {})
        defaults = {key: value for key, value in (given.get("defaults") or {}).items() if value is not None}
        defaults = {**(before.get("defaults") or {}), **defaults}
        deployment = defaults.get("deploymentName")
        if deployment and world.store.get(id.child("deployments", deployment).path) is None:
            text = f"The deployment '{deployment}' does not exist in endpoint '{id.name}' and cannot be its default."
            raise bad_request(text, "UserError")
        address = f"https://{region}.api.azureml.ms/batch{id.path}"
        properties = {
            "description": None,
            "properties": {},
            "authMode": "AADToken",
            **before,
            **given,
            "defaults": defaults,
            "scoringUri": f"{address}/jobs",
            "swaggerUri": f"{address}/swagger.json",
        }
        tags = body.get("tags") if body.get("tags") is not None else (existing or {}).get("tags")
        return {
            "location": region,
            "tags": tags or {},
            "identity": {"type": "SystemAssigned"},
            "properties": properties,
        }

    def shown(self, world: World, id: ResourceId, document: Document) -> Document:
        """Without addresses while it is being created."""
        if document["properties"].get("provisioningState") != "Creating":
            return document
        return {**document, "properties": {**document["properties"], "scoringUri": None, "swaggerUri": None}}

    def _refuse_taken_name(self, world: World, id: ResourceId, region: str) -> None:
        for other in world.store.named(self.type, id.name):
            if region_of(other) == region:
                raise bad_request(
                    f"The specified endpoint name '{id.name}' is not available. Endpoint names must be unique within "
                    "the region. Please choose a different name and try again.",
                    "UserError",
                )

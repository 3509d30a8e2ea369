"""Models: named, versioned folders or files of one kind."""

import re

from emulator.arm.errors import bad_request
from emulator.arm.resource_id import ResourceId
from emulator.behaviours import Document
from emulator.behaviours.asset_paths import resolved_uri
from emulator.behaviours.assets import AssetContainers, AssetVersions
from emulator.world import World

NAME = re.compile(r"(?![-_.])[a-zA-Z0-9._-]{1,255}(?<!\.)")
VERSION = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,29}")


class Models(AssetContainers):
    """The name of a model."""

    type = "Microsoft.MachineLearningServices/workspaces/models"


class ModelVersions(AssetVersions):
    """One version: its files never change, its tags and description may."""

    type = "Microsoft.MachineLearningServices/workspaces/models/versions"
    content = ("modelUri", "modelType")
    noun, location = "model", "ModelUri"

    def completed(self, world: World, id: ResourceId, properties: Document) -> Document:
        """With the full path of the files; flavors are never null, or clients fail."""
        check_names(id)
        if not properties.get("modelUri"):
            raise bad_request("The model's modelUri is required.", "UserError")
        uri = resolved_uri(world, id.ancestor(1), properties["modelUri"])
        kinds = {"modelType": "custom_model", "flavors": {}}
        return {**kinds, **properties, "modelUri": uri}


def check_names(id: ResourceId) -> None:
    """Azure's refusal of names and versions that it does not take."""
    name, version = id.pairs[-2][1], id.name
    rule = "start with a letter or digit, not end with '.', and contain only letters, digits, '-', '_' and '.'"
    if not NAME.fullmatch(name):
        raise bad_request(
            f"The asset name '{name}' is invalid. It must be 1 to 255 characters long, {rule}.", "UserError"
        )
    if not VERSION.fullmatch(version):
        text = f"The asset version '{version}' is invalid. It must be 1 to 30 characters long, {rule}."
        raise bad_request(text, "UserError")

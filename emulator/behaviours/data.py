"""Data assets: named, versioned paths of files, folders or MLTables. The files stay where they are."""

from emulator.arm.errors import bad_request
from emulator.arm.resource_id import ResourceId
from emulator.behaviours import Document
from emulator.behaviours.asset_paths import resolved_uri
from emulator.behaviours.assets import AssetContainers, AssetVersions
from emulator.behaviours.models import check_names
from emulator.world import World

TYPES = ("uri_file", "uri_folder", "mltable")


class Data(AssetContainers):
    """The name of a data asset; all its versions are of one type."""

    type = "Microsoft.MachineLearningServices/workspaces/data"


class DataVersions(AssetVersions):
    """One version: type and path never change."""

    type = "Microsoft.MachineLearningServices/workspaces/data/versions"
    content = ("dataUri", "dataType")
    noun, location = "data version", "data uri"

    def completed(self, world: World, id: ResourceId, properties: Document) -> Document:
        """With the full path; a type other than that of the first version is refused."""
        check_names(id)
        kind = properties.get("dataType")
        if kind not in TYPES:
            raise bad_request(f"The data type '{kind}' is not one of {', '.join(TYPES)}.", "UserError")
        if not properties.get("dataUri"):
            raise bad_request("The data version's dataUri is required.", "UserError")
        container = world.store.get(id.ancestor(len(id.pairs) - 1).path)
        known = container["properties"].get("dataType") if container else kind
        if known != kind:
            text = f"The data type of '{id.pairs[-2][1]}' is '{known}'; a version of type '{kind}' cannot be added."
            raise bad_request(text, "UserError")
        return {**properties, "dataUri": resolved_uri(world, id.ancestor(1), properties["dataUri"])}

    def container_properties(self, properties: Document) -> Document:
        """The type of all versions."""
        return {"dataType": properties["dataType"]}

"""Environments: an image, and what conda adds to it. Nothing is built: jobs run with the emulator's own Python."""

from emulator.arm.errors import bad_request
from emulator.arm.resource_id import ResourceId
from emulator.behaviours import Document
from emulator.behaviours.assets import AssetContainers, AssetVersions
from emulator.world import World


class Environments(AssetContainers):
    """The name of an environment."""

    type = "Microsoft.MachineLearningServices/workspaces/environments"


class EnvironmentVersions(AssetVersions):
    """One version; another content under the same version is a conflict, which makes clients take the next one."""

    type = "Microsoft.MachineLearningServices/workspaces/environments/versions"
    content = ("image", "condaFile", "build")
    noun, location = "environment", "definition"

    def completed(self, world: World, id: ResourceId, properties: Document) -> Document:
        """An image or a build context must be given."""
        if not properties.get("image") and not properties.get("build"):
            raise bad_request("The environment needs either an image or a build context.", "UserError")
        kinds = {"environmentType": "UserCreated", "osType": "Linux"}
        return {**kinds, **properties}

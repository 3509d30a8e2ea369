"""Components: the steps that pipelines are made of, named or anonymous."""

from emulator.arm.errors import bad_request
from emulator.arm.resource_id import ResourceId
from emulator.behaviours import Document
from emulator.behaviours.assets import AssetContainers, AssetVersions
from emulator.world import World


class Components(AssetContainers):
    """The name of a component; `azureml_anonymous` holds those that were given none."""

    type = "Microsoft.MachineLearningServices/workspaces/components"


class ComponentVersions(AssetVersions):
    """One version, under `componentSpec`."""

    type = "Microsoft.MachineLearningServices/workspaces/components/versions"
    content = ("componentSpec",)
    noun, location = "component", "definition"

    def completed(self, world: World, id: ResourceId, properties: Document) -> Document:
        """A specification must be given."""
        if not isinstance(properties.get("componentSpec"), dict):
            raise bad_request("The component's componentSpec is required.", "UserError")
        return properties

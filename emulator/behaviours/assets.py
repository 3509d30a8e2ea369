"""Named assets and their versions: what data, models, environments, components and codes have in common.

A container comes into being with its first version. A version's content never changes; its labels may.
"""

from typing import ClassVar

from emulator.arm.errors import AzureError, parent_not_found
from emulator.arm.resource_id import ResourceId
from emulator.arm.stamp import stamped
from emulator.behaviours import Behaviour, Document, behaviour_of
from emulator.world import World

ANONYMOUS = frozenset({"azureml_anonymous", "CliV2AnonymousEnvironment"})


class AssetContainers(Behaviour):
    """The name of an asset; latestVersion and nextVersion follow from the versions that are there."""

    def shown(self, world: World, id: ResourceId, document: Document) -> Document:
        """With the versions that are there now; the latest is the one created last."""
        names = [one["name"] for one in world.store.children(f"{id.path}/versions")]
        numbers = [int(name) for name in names if name.isdecimal()]
        properties = {"isArchived": False, "tags": {}, "properties": {}, "description": None} | document["properties"]
        properties["latestVersion"] = names[-1] if names else None
        properties["nextVersion"] = str(max(numbers, default=0) + 1)
        return {**document, "properties": properties}

    def listed(
        self, world: World, collection: ResourceId, documents: list[Document], query: dict[str, str]
    ) -> list[Document]:
        """Without archived and anonymous ones, unless they are asked for."""
        return paged([one for one in documents if one["name"] not in ANONYMOUS and _in_view(one, query)], query)


class AssetVersions(Behaviour):
    """One version. content: the properties that cannot change; noun, location: Azure's words for it in its refusal."""

    needs_parent = False
    content: ClassVar[tuple[str, ...]] = ()
    noun: ClassVar[str] = "asset"
    location: ClassVar[str] = "path"

    def prepare(self, world: World, id: ResourceId, body: Document, existing: Document | None) -> Document:
        """Refuse other content under the same version; make the container with the first one."""
        owner = id.ancestor(1)
        if world.store.get(owner.path) is None:
            raise parent_not_found(owner.path)
        given = {key: value for key, value in (body.get("properties") or {}).items() if value is not None}
        given = self.completed(world, id, given)
        if existing is None:
            _ensure_container(world, id, self.container_properties(given))
            labels = {"isAnonymous": False, "isArchived": False, "tags": {}, "properties": {}, "description": None}
            return {"properties": {**labels, **given}}
        before = existing["properties"]
        if any(key in given and given[key] != before.get(key) for key in self.content):
            raise AzureError(409, "UserError", self.refusal())
        return {"properties": {**before, **given}}

    def refusal(self) -> str:
        """Azure's words for a version that is there with other content."""
        article = "An" if self.noun[0] in "aeiou" else "A"
        return (
            f"{article} {self.noun} with this name and version already exists. If you are trying to create a new "
            f"{self.noun}, use a different name or version. If you are trying to update an existing {self.noun}, "
            f"the existing asset's {self.location} cannot be changed. Only tags, description, and isArchived can be "
            "updated."
        )

    def completed(self, world: World, id: ResourceId, properties: Document) -> Document:
        """The given properties as the service keeps them; AzureError refuses them."""
        return properties

    def container_properties(self, properties: Document) -> Document:
        """What the container takes over from its first version."""
        return {}

    def listed(
        self, world: World, collection: ResourceId, documents: list[Document], query: dict[str, str]
    ) -> list[Document]:
        """Newest first unless asked otherwise; none for a name that is not there."""
        chosen = [one for one in documents if _in_view(one, query)]
        if not query.get("$orderBy", "").endswith(" asc"):
            chosen.reverse()
        return paged(chosen, query)


def paged(documents: list[Document], query: dict[str, str]) -> list[Document]:
    """The part that `$skip` and `$top` ask for."""
    start = int(query.get("$skip") or 0)
    top = query.get("$top")
    return documents[start : start + int(top)] if top else documents[start:]


def _in_view(document: Document, query: dict[str, str]) -> bool:
    view = query.get("listViewType", "ActiveOnly").lower()
    return view == "all" or bool(document["properties"].get("isArchived")) == (view == "archivedonly")


def _ensure_container(world: World, id: ResourceId, properties: Document) -> None:
    container = id.ancestor(len(id.pairs) - 1)
    if world.store.get(container.path) is None:
        body = behaviour_of(container.type).prepare(world, container, {"properties": properties}, None)
        world.store.put(container.path, stamped(container, body, None))

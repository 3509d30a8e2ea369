"""Subscriptions and resource groups: what all other resources are in."""

import re

from emulator.arm.errors import bad_request
from emulator.arm.resource_id import ResourceId
from emulator.behaviours import Behaviour, Document
from emulator.behaviours.workspaces import region_of
from emulator.identity.access import TENANT_ID
from emulator.world import World

OF_TYPE = re.compile(r"resourceType eq '(?P<type>[^']+)'", re.IGNORECASE)
NAME = re.compile(r"[-\w._()]{0,89}[-\w_()]")


class Subscriptions(Behaviour):
    """Every subscription is there: the emulator bills nobody."""

    type = "Microsoft.Resources/subscriptions"

    def missing(self, world: World, id: ResourceId) -> Document | None:
        """Enabled."""
        document = {"id": id.path, "subscriptionId": id.name, "displayName": "Emulator", "tenantId": TENANT_ID}
        return {**document, "state": "Enabled"}


class ResourceGroups(Behaviour):
    """Deleting one deletes all that is in it."""

    type = "Microsoft.Resources/subscriptions/resourceGroups"
    needs_parent = False

    def prepare(self, world: World, id: ResourceId, body: Document, existing: Document | None) -> Document:
        """A name that Azure takes, and a place."""
        if not NAME.fullmatch(id.name):
            raise bad_request(
                f"The provided resource group name '{id.name}' has invalid characters or a wrong length. The name "
                "can only be a letter, digit, '-', '.', '(', ')' or '_', at most 90 of them, and not end with '.'.",
                "InvalidResourceGroupName",
            )
        if existing is None and not body.get("location"):
            raise bad_request("The location property is required for this definition.", "LocationRequired")
        tags = body.get("tags") if body.get("tags") is not None else (existing or {}).get("tags")
        properties = {"provisioningState": "Succeeded"}
        return {"location": region_of(existing or body), "tags": tags or {}, "properties": properties}

    def before_delete(self, world: World, id: ResourceId, document: Document) -> None:
        """What runs in it ends."""
        world.containers.remove_under(id)


class SubscriptionResources(Behaviour):
    """GET {subscription}/resources: all that is directly in its groups."""

    type = "Microsoft.Resources/subscriptions/resources"

    def listed(
        self, world: World, collection: ResourceId, documents: list[Document], query: dict[str, str]
    ) -> list[Document]:
        """Of one type, where `$filter` names it."""
        return _outermost(world.store.under(collection.ancestor(1).path), query)


class GroupedResources(Behaviour):
    """GET {group}/resources: all that is directly in a group."""

    type = "Microsoft.Resources/subscriptions/resourceGroups/resources"

    def listed(
        self, world: World, collection: ResourceId, documents: list[Document], query: dict[str, str]
    ) -> list[Document]:
        """Of one type, where `$filter` names it."""
        group = ResourceId(collection.scope, collection.namespace, collection.pairs).path.lower()
        return _outermost(world.store.under(f"{group}/providers"), query)


def _outermost(found: list[Document], query: dict[str, str]) -> list[Document]:
    """Those that are in no other resource, without their properties, as ARM lists them."""
    text = query.get("$filter", "").strip()
    wanted = OF_TYPE.fullmatch(text)
    if text and wanted is None:
        raise bad_request(
            f"The filter '{text}' is not understood; the emulator knows resourceType eq '…'.",
            "InvalidFilterInQueryString",
        )
    ids = [(one, ResourceId.parse(one["id"])) for one in found]
    top = [one for one, id in ids if len(id.pairs) == 1 and id.namespace != "Microsoft.Resources"]
    chosen = [one for one in top if wanted is None or str(one["type"]).lower() == wanted["type"].lower()]
    return [{key: value for key, value in one.items() if key not in {"properties", "systemData"}} for one in chosen]

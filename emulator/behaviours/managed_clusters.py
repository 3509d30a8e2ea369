"""Clusters of Azure Kubernetes Service: each is the one cluster that this machine has, if it has one.

Which one it is says the file that the emulator's KUBECONFIG names, read whenever somebody asks for it.
"""

import base64
import os
import re
from pathlib import Path

from emulator.arm.call import Answer
from emulator.arm.errors import AzureError, bad_request, resource_not_found
from emulator.arm.resource_id import ResourceId
from emulator.behaviours import Behaviour, Document
from emulator.behaviours.managed_identity import known_identity
from emulator.behaviours.regions import chosen_region
from emulator.world import World

NAME = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9])?")
KUBECONFIG = "KUBECONFIG"
CREDENTIALS = {"listclusterusercredential": "clusterUser", "listclusteradmincredential": "clusterAdmin"}
"""Action → what the credentials are called."""
SECRETS = {"servicePrincipalProfile": "secret", "windowsProfile": "adminPassword"}
"""Profile → what of it is never given back."""


class ManagedClusters(Behaviour):
    """Long running, as on Azure; nothing is started: the cluster is there or is not."""

    type = "Microsoft.ContainerService/managedClusters"
    long_running = True

    def prepare(self, world: World, id: ResourceId, body: Document, existing: Document | None) -> Document:
        """Refuse a wrong name; complete the rest."""
        if not NAME.fullmatch(id.name):
            raise bad_request(
                f"The resource name '{id.name}' is invalid: 1 to 63 letters, digits, hyphens and underscores, the first and the "
                "last a letter or digit.",
                "InvalidParameter",
            )
        given = {key: value for key, value in (body.get("properties") or {}).items() if value is not None}
        fixed = {"powerState": {"code": "Running"}, "fqdn": f"{id.name.lower()}.hcp.emulator"}
        before = (existing or {}).get("properties", {})
        return {
            "location": chosen_region(self.type, existing or body),
            "tags": body.get("tags") or {},
            **({"identity": known_identity(id, body["identity"])} if body.get("identity") else {}),
            "sku": {"name": "Base", "tier": "Free"},
            "properties": {"disableLocalAccounts": False, **before, **given, **fixed},
        }

    def shown(self, world: World, id: ResourceId, document: Document) -> Document:
        """Without secrets."""
        properties = {**document["properties"]}
        for profile, secret in SECRETS.items():
            if isinstance(properties.get(profile), dict):
                properties[profile] = {key: value for key, value in properties[profile].items() if key != secret}
        return {**document, "properties": properties}

    def action(self, world: World, id: ResourceId, name: str, body: Document) -> Answer:
        """listClusterUserCredential, listClusterAdminCredential."""
        document = world.store.get(id.path)
        if document is None:
            raise resource_not_found(id)
        kind = CREDENTIALS.get(name.lower())
        if kind is None:
            raise bad_request(
                f"The emulator does not do '{name}' with a cluster: it is the one that {KUBECONFIG} names, and stays as it is. Use "
                "its credentials and kubectl, or Azure.",
                "NotEmulated",
            )
        properties = document["properties"]
        static = kind == "clusterAdmin" or not properties.get("aadProfile")
        if static and properties.get("disableLocalAccounts"):
            raise bad_request(
                "Getting static credential is not allowed because this cluster is set to disable local accounts."
            )
        content = base64.b64encode(_kubeconfig(id)).decode()
        return Answer(document={"kubeconfigs": [{"name": kind, "value": content}]})


def _kubeconfig(id: ResourceId) -> bytes:
    """Of the cluster that this machine has; AzureError where it has none."""
    file = os.environ.get(KUBECONFIG, "")
    try:
        return Path(file).read_bytes()
    except OSError as error:
        why = f"{file} cannot be read ({error.strerror})" if file else f"{KUBECONFIG} is not set"
        raise AzureError(
            404,
            "NotFound",
            f"The control plane of '{id.name}' was not found: this laptop has no Kubernetes cluster ({why}). Start one, set "
            f"{KUBECONFIG} to its kubeconfig, and start the emulator again.",
        ) from error

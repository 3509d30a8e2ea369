"""What Azure refuses of a container group, in its words where they are known."""

import re
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from emulator.arm.errors import AzureError, bad_request, conflict
from emulator.arm.resource_id import ResourceId
from emulator.behaviours import Document
from emulator.containers.group_form import GroupForm
from emulator.containers.public_address import GROUPS

if TYPE_CHECKING:
    from emulator.world import World

NAME = re.compile(r"[a-z0-9](?!.*--)([-a-z0-9]{0,61}[a-z0-9])?")
LABEL = re.compile(r"[a-z][-a-z0-9]{3,61}[a-z0-9]")
NOT_EMULATED = ("initContainers", "volumes", "subnetIds", "encryptionProperties", "extensions")


def form_of(properties: Document) -> GroupForm:
    """The group as it is asked for; AzureError 400 names every field that is wrong."""
    try:
        return GroupForm.model_validate(properties)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        named = [f"'properties.{'.'.join(str(part) for part in one['loc'])}': {one['msg']}" for one in faults[:20]]
        text = f"The request content was invalid and could not be deserialized: {'; '.join(named)}."
        raise bad_request(text, "InvalidRequestContent") from error


def refuse_wrong(world: "World", id: ResourceId, form: GroupForm, location: str, given: Document) -> None:
    """What no single field shows: names, ports, and what this emulator does not run."""
    _check_names(id, form)
    _check_ports(id, form)
    unknown = [key for key in NOT_EMULATED if given.get(key)]
    unknown += ["volumeMounts" for one in given["containers"] if one["properties"].get("volumeMounts")]
    unknown += ["osType Windows"] if form.os_type == "Windows" else []
    unknown += ["ipAddress Private"] if form.ip_address and form.ip_address.type == "Private" else []
    if unknown:
        text = f"The emulator does not run container groups with {', '.join(unknown)}. Leave it out, or use Azure."
        raise bad_request(text, "NotEmulated")
    label = form.ip_address.dns_name_label if form.ip_address else None
    if label is None:
        return
    if not LABEL.fullmatch(label):
        raise bad_request(
            f"The DNS name label '{label}' in container group '{id.name}' is invalid. It can contain only lowercase letters, "
            "numbers and hyphens. The first character must be a letter. The last character must be a letter or number. The "
            "value must be between 5 and 63 characters long.",
            "InvalidDnsNameLabel",
        )
    for other in world.store.all_of(GROUPS):
        address = other["properties"].get("ipAddress") or {}
        if other["id"].lower() != id.key and address.get("dnsNameLabel") == label and other["location"] == location:
            text = f"The DNS name label '{label}' in container group '{id.name}' not available. Try using a different label."
            raise conflict(text, "DnsNameLabelNotAvailable")


def check_update(id: ResourceId, before: GroupForm, after: GroupForm, state: str | None) -> None:
    """A group that ended is not updated, and some properties of one that runs are not, either.

    https://learn.microsoft.com/azure/container-instances/container-instances-update
    """
    if state in {"Succeeded", "Failed"}:
        text = f"The container group '{id.name}' has terminated ({state}) and cannot be updated. Delete it and deploy it as new."
        raise AzureError(400, "ContainerGroupTerminated", text)
    if _fixed(before) != _fixed(after):
        raise bad_request(
            f"The updates on container group '{id.name}' are invalid. If you are going to update the os type, restart policy, "
            "network profile, CPU, memory or GPU resources for a container group, you must delete it first and then create "
            "a new one.",
            "InvalidContainerGroupUpdate",
        )


def _fixed(form: GroupForm) -> object:
    amounts = {one.name: one.properties.resources for one in form.containers}
    return form.os_type, form.restart_policy, amounts, form.ip_address is None


def _check_names(id: ResourceId, form: GroupForm) -> None:
    rule = (
        "It must have 1 to 63 characters, only lowercase letters, numbers and single hyphens between them, and begin and end "
        "with a letter or number."
    )
    if not NAME.fullmatch(id.name):
        raise bad_request(f"The container group name '{id.name}' is invalid. {rule}", "InvalidContainerGroupName")
    names = [one.name for one in form.containers]
    for name in names:
        if not NAME.fullmatch(name):
            text = f"The container name '{name}' in container group '{id.name}' is invalid. {rule}"
            raise bad_request(text, "InvalidContainerName")
        if names.count(name) > 1:
            text = f"The container name '{name}' in container group '{id.name}' is used more than once."
            raise bad_request(text, "DuplicateContainerName")


def _check_ports(id: ResourceId, form: GroupForm) -> None:
    exposed = [(one.port, one.protocol) for container in form.containers for one in container.properties.ports]
    public = [(one.port, one.protocol) for one in form.ip_address.ports] if form.ip_address else []
    for ports, where in ((exposed, "containers"), (public, "ipAddress")):
        twice = sorted({str(port) for port, protocol in ports if ports.count((port, protocol)) > 1})
        if twice:
            text = (
                f"The ports {', '.join(twice)} in the '{where}' of container group '{id.name}' are used more than once."
            )
            raise bad_request(text, "DuplicatePorts")
    hidden = [str(port) for port, protocol in public if (port, protocol) not in exposed]
    if hidden:
        text = f"The ports {', '.join(hidden)} in the 'ipAddress' of container group '{id.name}' are exposed by no container."
        raise bad_request(text, "PortNotExposed")


def known(value: Any) -> Any:
    """Without nulls: what is null is not said."""
    if isinstance(value, dict):
        return {key: known(inner) for key, inner in value.items() if inner is not None}
    return [known(one) for one in value] if isinstance(value, list) else value

"""Container groups of Azure Container Instances, as values; the SDK's types stop here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from blocks.container_instances import ContainerInstances
from tasks.azure_errors import azure_errors

CONTAINER = "service"
"""The one container's name."""
SYSTEM, RESTARTS = "Linux", "Always"
ENDED = frozenset({"Succeeded", "Failed", "Stopped"})
"""States of an instance view in which nothing runs."""


@dataclass(frozen=True)
class Fixed:
    """What Azure changes of no group that is there. amounts: of each container, name, CPUs, memory in GB.

    https://learn.microsoft.com/azure/container-instances/container-instances-update
    """

    system: str
    restarts: str
    public: bool
    amounts: frozenset[tuple[str, float, float]]


@dataclass(frozen=True)
class ContainerGroup:
    """state: provisioning state. running: state of its instance view. image: of its first container. address: host:port, or empty.

    why: what Azure says of its container, and the last thing that it warns of. fixed: what no update changes.
    """

    name: str
    state: str
    running: str
    image: str
    address: str
    tags: Mapping[str, str]
    why: str
    fixed: Fixed

    @property
    def ended(self) -> bool:
        """Whether nothing runs there now, and nothing will by itself."""
        return self.running in ENDED


@dataclass(frozen=True)
class GroupRequest:
    """image: with its digest. environment: of the container, nothing secret. ready, port: of its probe."""

    name: str
    image: str
    cpu: float
    memory_gb: float
    port: int
    ready: str
    environment: Mapping[str, str]
    tags: Mapping[str, str]

    @property
    def fixed(self) -> Fixed:
        """What no update changes."""
        return Fixed(SYSTEM, RESTARTS, True, frozenset({(CONTAINER, self.cpu, self.memory_gb)}))


def find_group(block: ContainerInstances, name: str) -> ContainerGroup | None:
    """The group, or None where there is none."""
    from azure.core.exceptions import ResourceNotFoundError

    with azure_errors(f"reading container group {name}"):
        try:
            return _frozen(block.get_client().container_groups.get(block.resource_group, name))
        except ResourceNotFoundError:
            return None


def list_groups(block: ContainerInstances) -> tuple[ContainerGroup, ...]:
    """All of the resource group; without their instance views, as Azure lists them."""
    with azure_errors(f"listing container groups of {block.resource_group}"):
        return tuple(map(_frozen, block.get_client().container_groups.list_by_resource_group(block.resource_group)))


def create_group(block: ContainerInstances, request: GroupRequest) -> None:
    """Create it, or update one of the name; Azure refuses that where the group has ended, or other things are `fixed`."""
    from azure.mgmt.containerinstance.models import (
        Container,
        ContainerGroup,
        ContainerGroupIdentity,
        ContainerHttpGet,
        ContainerPort,
        ContainerProbe,
        EnvironmentVariable,
        ImageRegistryCredential,
        IpAddress,
        Port,
        ResourceRequests,
        ResourceRequirements,
        UserAssignedIdentities,
    )

    identity = block.pull_identity
    group = ContainerGroup(
        location=block.location,
        tags=dict(request.tags),
        os_type=SYSTEM,
        restart_policy=RESTARTS,
        identity=ContainerGroupIdentity(
            type="UserAssigned", user_assigned_identities={identity: UserAssignedIdentities()}
        )
        if identity
        else None,
        image_registry_credentials=[ImageRegistryCredential(server=request.image.partition("/")[0], identity=identity)]
        if identity
        else None,
        ip_address=IpAddress(type="Public", ports=[Port(port=request.port, protocol="TCP")]),
        containers=[
            Container(
                name=CONTAINER,
                image=request.image,
                resources=ResourceRequirements(
                    requests=ResourceRequests(cpu=request.cpu, memory_in_gb=request.memory_gb)
                ),
                ports=[ContainerPort(port=request.port)],
                environment_variables=[
                    EnvironmentVariable(name=name, value=value) for name, value in request.environment.items()
                ],
                readiness_probe=ContainerProbe(
                    http_get=ContainerHttpGet(path=request.ready, port=request.port, scheme="http"),
                    period_seconds=5,
                ),
            )
        ],
    )
    with azure_errors(f"creating container group {request.name}"):
        block.get_client().container_groups.begin_create_or_update(block.resource_group, request.name, group).result()


def delete_group(block: ContainerInstances, name: str) -> None:
    """One that is gone already is what we wanted."""
    from azure.core.exceptions import ResourceNotFoundError

    with azure_errors(f"deleting container group {name}"):
        try:
            block.get_client().container_groups.begin_delete(block.resource_group, name).result()
        except ResourceNotFoundError:
            return


def tag_group(block: ContainerInstances, name: str, tags: Mapping[str, str]) -> None:
    """Set these of its tags; it runs on."""
    from azure.mgmt.containerinstance.models import Resource

    with azure_errors(f"tagging container group {name}"):
        block.get_client().container_groups.update(block.resource_group, name, Resource(tags=dict(tags)))


def _frozen(found: Any) -> ContainerGroup:
    container = found.containers[0] if found.containers else None
    view = container.instance_view if container is not None else None
    current = view.current_state if view is not None else None
    warnings = [event.message for event in (view.events or ()) if event.type == "Warning"] if view is not None else []
    words = [f"{current.state}: {current.detail_status or ''}".rstrip(": ")] if current is not None else []
    ports = found.ip_address.ports if found.ip_address is not None else None
    asked = [(one.name, one.resources.requests) for one in found.containers or ()]
    amounts = frozenset((name, float(given.cpu), float(given.memory_in_gb)) for name, given in asked)
    return ContainerGroup(
        name=found.name,
        state=found.provisioning_state or "",
        running=found.instance_view.state if found.instance_view is not None else "",
        image=container.image if container is not None else "",
        address=f"{found.ip_address.ip}:{ports[0].port}" if ports and found.ip_address.ip else "",
        tags=dict(found.tags or {}),
        why=", ".join([*words, *warnings[-1:]]),
        fixed=Fixed(found.os_type or "", found.restart_policy or "", found.ip_address is not None, amounts),
    )

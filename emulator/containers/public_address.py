"""A group's public address: one of its own on the loopback interface, so that it keeps its ports as on Azure."""

import ipaddress
import secrets

from emulator.arm.resource_id import ResourceId
from emulator.state import State

NETWORK = ipaddress.IPv4Network("127.64.0.0/10")
"""Loopback, and far from 127.0.0.1: nothing outside this machine reaches it, and nothing here uses it already."""

GROUPS = "Microsoft.ContainerInstance/containerGroups"


def address_for(state: State, group: ResourceId) -> str:
    """The group's address as long as it exists; for a new group one that no other has.

    Taken by chance, not in order: another emulator on this machine has groups of its own.
    """
    taken: dict[str, str] = {}
    for document in state.store.all_of(GROUPS):
        address = document["properties"].get("ipAddress") or {}
        if address.get("ip"):
            taken[str(address["ip"])] = str(document["id"]).lower()
    for ip, owner in taken.items():
        if owner == group.key:
            return ip
    while True:
        candidate = str(NETWORK[1 + secrets.randbelow(NETWORK.num_addresses - 2)])
        if candidate not in taken:
            return candidate

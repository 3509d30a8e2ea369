"""What starts a container's process, whichever of the two ways its image was built for."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass

from emulator.containers.container_log import ContainerLog
from emulator.containers.docker_runtime import start_docker
from emulator.containers.group_form import ContainerProperties
from emulator.containers.guarded_process import GuardedProcess
from emulator.containers.process_runtime import start_process
from emulator.images.image import Image

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Instance:
    """One run of a container. ports: the container's own → the free ones of 127.0.0.1 where it is reached."""

    process: GuardedProcess
    ports: Mapping[int, int]


def start(image: Image, container: ContainerProperties, log: ContainerLog) -> Instance:
    """Start it; returns at once. OSError when this machine cannot."""
    declared = [one.port for one in container.ports if one.protocol == "TCP"]
    ports = dict(zip(declared, free_ports(len(declared)), strict=True))
    starter = start_docker if image.runtime == "docker" else start_process
    return Instance(starter(image, container, ports, log), ports)


def free_ports(count: int) -> list[int]:
    """Ports of the loopback address that nothing listens on now."""
    held = [socket.create_server((LOOPBACK, 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports

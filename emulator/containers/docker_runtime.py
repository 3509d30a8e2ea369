"""Runs an image that the Docker engine has, with its ports on the loopback address only."""

import os
import uuid
from collections.abc import Mapping
from pathlib import Path

from emulator.containers.container_log import ContainerLog
from emulator.containers.group_form import ContainerProperties
from emulator.containers.guarded_process import GuardedProcess
from emulator.images.image import Image

LOOPBACK = "127.0.0.1"
NEEDED = ("PATH", "HOME", "DOCKER_HOST", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "DOCKER_CONFIG", "DOCKER_CONTEXT")
"""Of the emulator's own environment, by the `docker` client."""


def start_docker(
    image: Image, container: ContainerProperties, ports: Mapping[int, int], log: ContainerLog
) -> GuardedProcess:
    """`docker run`, attached; the container is removed when it has ended or the emulator has.

    The engine has every image that was built for a registry under its digest, so a tag that moved changes nothing here.
    """
    name = f"signalbox-{uuid.uuid4().hex}"
    words = ["docker", "run", "--rm", "--pull", "never", "--name", name]
    for port, here in ports.items():
        words += ["--publish", f"{LOOPBACK}:{here}:{port}/tcp"]
    for variable, value in container.variables.items():
        # a value goes by the client's environment, because arguments can be read by others; not the client's own few
        words += ["--env", f"{variable}={value}" if variable in NEEDED else variable]
    command = list(container.command)
    if command:
        words += ["--entrypoint", command[0]]
    words += [f"{image.reference}:{image.digest.removeprefix('sha256:')}", *command[1:]]
    own = {key: os.environ[key] for key in NEEDED if key in os.environ}
    last = ["docker", "rm", "--force", name]
    return GuardedProcess(words, Path("/"), {**container.variables, **own}, log, last)

"""A container group while it runs: its containers, and its public address in front of them."""

import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from emulator.containers.container_run import GRACE_SECONDS, ContainerRun
from emulator.containers.group_form import GroupForm
from emulator.containers.relay import Relays
from emulator.images.image import Image

Document = dict[str, Any]


class GroupRun:
    """One start of a group, until its end. images: by container. ip: None for a group that nobody can reach."""

    def __init__(self, form: GroupForm, images: Mapping[str, Image], ip: str | None, relays: Relays) -> None:
        self._form, self._ip, self._relays = form, ip, relays
        self._containers = [ContainerRun(one, form.restart_policy, images[one.name]) for one in form.containers]
        self._started = self._ended = False

    def start(self) -> None:
        """Open the address and start every container; PortTakenError, and nothing runs, when a port cannot be had."""
        try:
            for port in self._public_ports():
                self._relays.open(str(self._ip), port, partial(self._target, port))
        except OSError:
            self._close_address()
            raise
        for container in self._containers:
            container.start()
        self._started = True

    def end(self) -> None:
        """End every container, the stubborn ones after a while, and free the ports."""
        for container in self._containers:
            if container.record.current["state"] == "Running":
                container.record.event("Killing", "Killing container")
            container.ask_to_end()
        deadline = time.monotonic() + GRACE_SECONDS
        for container in self._containers:
            container.end(deadline)
        self._close_address()
        self._ended = True

    @property
    def state(self) -> str:
        """Pending, Running, Succeeded, Failed or Stopped."""
        states = [one.record.current for one in self._containers]
        if self._ended:
            return "Stopped"
        if not self._started:
            return "Pending"
        if any(one["state"] != "Terminated" for one in states):
            return "Running"
        return "Succeeded" if all(one["exitCode"] == 0 for one in states) else "Failed"

    @property
    def events(self) -> list[Document]:
        """Of all containers, one after the other."""
        return [event for one in self._containers for event in one.record.events]

    def container(self, name: str) -> ContainerRun | None:
        """The container of that name."""
        return next((one for one in self._containers if one.name == name), None)

    def _public_ports(self) -> Sequence[int]:
        asked = self._form.ip_address.ports if self._form.ip_address and self._ip else []
        return [one.port for one in asked if one.protocol == "TCP"]

    def _target(self, port: int) -> tuple[str, int] | None:
        return next((found for one in self._containers if (found := one.target(port))), None)

    def _close_address(self) -> None:
        if self._ip:
            self._relays.close(self._ip)

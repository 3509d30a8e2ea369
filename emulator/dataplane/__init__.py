"""The services beside ARM: each file says for which host and path it answers, and how."""

import importlib
import pkgutil
import re
from collections.abc import Callable
from dataclasses import dataclass

from emulator.arm.call import Answer, Call
from emulator.world import World

Handler = Callable[[World, Call], Answer]


@dataclass(frozen=True)
class Service:
    """What answers for a host and the paths under a pattern. audience: of the tokens it takes; None: it checks by itself."""

    host: re.Pattern[str]
    path: re.Pattern[str]
    audience: tuple[str, ...] | None
    handler: Handler


_SERVICES: list[Service] = []

ML_HOST = r".+\.(api\.azureml\.ms|experiments\.azureml\.net)"
ML_AUDIENCE = ("https://ml.azure.com", "https://management.azure.com")
"""The SDK comes with either, according to the client it uses inside."""


def service(host: str, path: str, audience: tuple[str, ...] | None) -> Callable[[Handler], Handler]:
    """Register a handler; host and path are regular expressions, the host's matched whole, the path's from its start."""

    def register(handler: Handler) -> Handler:
        _SERVICES.append(Service(re.compile(host), re.compile(path), audience, handler))
        return handler

    return register


def service_for(host: str, path: str) -> Service | None:
    """The first service that answers there."""
    for one in _SERVICES:
        if one.host.fullmatch(host) and one.path.match(path):
            return one
    return None


def load_services() -> None:
    """Import every file of this package, so that each service registers itself."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")

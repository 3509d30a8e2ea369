"""Runs an unpacked tree as a process of this machine: no isolation, and no network of its own.

HOST and PORT say where a service must listen: a free port of the loopback address, for the first port that the
container declares; where it declares several, PORT_8081 has the one for its port 8081.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from emulator.containers.container_log import ContainerLog
from emulator.containers.group_form import ContainerProperties
from emulator.containers.guarded_process import GuardedProcess
from emulator.images.image import Image

LOOPBACK = "127.0.0.1"
PYTHONS = frozenset({"python", "python3", "/usr/local/bin/python", "/usr/local/bin/python3", "/usr/bin/python3"})
PIPS = frozenset({"pip", "pip3", "/usr/local/bin/pip", "/usr/local/bin/pip3"})
HANDED_ON = ("LANG", "LC_ALL", "TZ")
"""Of the emulator's own environment; all else could hold secrets, and would not be there on Azure."""
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def start_process(
    image: Image, container: ContainerProperties, ports: Mapping[int, int], log: ContainerLog
) -> GuardedProcess:
    """Start it in its WORKDIR. container.command, if any, takes the place of ENTRYPOINT and CMD."""
    root = _root(image)
    folder = root / image.workdir.lstrip("/")
    folder.mkdir(parents=True, exist_ok=True)
    words = container.command or [*image.entrypoint, *image.command]
    command = _command(image, words)
    return GuardedProcess(command, folder, _environment(image, container, ports), log)


def _command(image: Image, words: Iterable[str]) -> list[str]:
    first, *rest = list(words) or ["/bin/sh"]
    if image.python is not None and first in PYTHONS:
        return [str(image.python), *(inside(_root(image), word) for word in rest)]
    if image.python is not None and first in PIPS:
        return [str(image.python), "-m", "pip", *(inside(_root(image), word) for word in rest)]
    return [inside(_root(image), word) for word in (first, *rest)]


def _environment(image: Image, container: ContainerProperties, ports: Mapping[int, int]) -> dict[str, str]:
    root = _root(image)
    own = {name: os.environ[name] for name in HANDED_ON if name in os.environ}
    asked = {name: _paths(root, value) for name, value in {**image.env, **container.variables}.items()}
    first = [str(image.python.parent)] if image.python is not None else []
    path = os.pathsep.join([*first, asked.pop("PATH", ""), SYSTEM_PATH]).replace("::", ":")
    listen = {f"PORT_{port}": str(here) for port, here in ports.items()}
    if ports:
        listen |= {"HOST": LOOPBACK, "PORT": str(next(iter(ports.values())))}
    return {**own, "HOME": str(root), **asked, "PATH": path, **listen}


def inside(root: Path, word: str) -> str:
    """An absolute path that is in the tree means the tree's; everything else is left as it is.

    So `/app/serve.py` is the image's, and `/bin/sh`, which a tree without a system does not have, the machine's.
    """
    if not word.startswith("/"):
        return word
    found = root / word.lstrip("/")
    return str(found) if word.strip("/") and found.exists() else word


def _paths(root: Path, value: str) -> str:
    return ":".join(inside(root, part) for part in value.split(":"))


def _root(image: Image) -> Path:
    if image.root is None:
        raise ValueError(f"the image {image.reference} has no tree that a process can run")
    return image.root

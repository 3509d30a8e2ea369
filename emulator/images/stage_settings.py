"""Instructions that only say how the image is run: ENV, LABEL, WORKDIR, EXPOSE, CMD, ENTRYPOINT, HEALTHCHECK, USER."""

import re
from collections.abc import Callable
from dataclasses import replace

from emulator.images.build_failure import BuildFailedError
from emulator.images.dockerfile import Instruction
from emulator.images.stage import Stage
from emulator.images.substitution import pairs, substituted, words

MOST_PORTS = 1000
_PORT = re.compile(r"(?P<first>\d{1,5})(?:-(?P<last>\d{1,5}))?(?:/(?P<protocol>tcp|udp|sctp))?")
SHELL = ("/bin/sh", "-c")

Note = str
"""What the log says about it; empty for nothing."""


def env(stage: Stage, one: Instruction) -> Note:
    """Variables for later steps and for the running image."""
    stage.config = replace(stage.config, env={**stage.config.env, **pairs(one.rest, stage.variables)})
    return ""


def label(stage: Stage, one: Instruction) -> Note:
    """Words about the image."""
    stage.config = replace(stage.config, labels={**stage.config.labels, **pairs(one.rest, stage.variables)})
    return ""


def workdir(stage: Stage, one: Instruction) -> Note:
    """Made if it is not there."""
    path = stage.path(substituted(one.rest, stage.variables)).rstrip("/") or "/"
    stage.place(path).mkdir(parents=True, exist_ok=True)
    stage.config = replace(stage.config, workdir=path)
    return ""


def expose(stage: Stage, one: Instruction) -> Note:
    """Ports that it listens on."""
    ports = list(stage.config.ports)
    for word in words(one.rest, stage.variables):
        found = _PORT.fullmatch(word)
        first, last = (int(found["first"]), int(found["last"] or found["first"])) if found else (0, 0)
        if found is None or not 0 < first <= last < 65536 or last - first >= MOST_PORTS:
            raise BuildFailedError(f"invalid containerPort: {word}")
        ports += [f"{port}/{found['protocol'] or 'tcp'}" for port in range(first, last + 1)]
    stage.config = replace(stage.config, ports=tuple(dict.fromkeys(ports)))
    return ""


def cmd(stage: Stage, one: Instruction) -> Note:
    """What runs, or the arguments of what runs."""
    stage.has_command = True
    stage.config = replace(stage.config, command=_command(one))
    return ""


def entrypoint(stage: Stage, one: Instruction) -> Note:
    """What runs; a CMD of the base image no longer fits it."""
    command = stage.config.command if stage.has_command else ()
    stage.config = replace(stage.config, entrypoint=_command(one), command=command)
    return ""


def healthcheck(stage: Stage, one: Instruction) -> Note:
    """Kept with the image; who runs it decides."""
    word, _, rest = one.rest.partition(" ")
    if word.upper() == "NONE":
        stage.config = replace(stage.config, healthcheck="")
        return ""
    if word.upper() != "CMD" or not rest.strip():
        raise BuildFailedError("HEALTHCHECK needs CMD and a command, or NONE")
    command = Instruction(one.line, "CMD", (), rest.strip())
    stage.config = replace(stage.config, healthcheck=" ".join(command.listed() or (command.rest,)))
    return ""


def user(stage: Stage, one: Instruction) -> Note:
    """Kept with the image, and not followed."""
    name = substituted(one.rest, stage.variables)
    stage.config = replace(stage.config, user=name)
    return f"the user {name} is ignored: this machine's own processes run as who started the emulator"


def ignored(stage: Stage, one: Instruction) -> Note:
    """VOLUME, STOPSIGNAL, MAINTAINER."""
    return f"{one.word} is ignored here"


SETTINGS: dict[str, Callable[[Stage, Instruction], Note]] = {
    "ENV": env,
    "LABEL": label,
    "WORKDIR": workdir,
    "EXPOSE": expose,
    "CMD": cmd,
    "ENTRYPOINT": entrypoint,
    "HEALTHCHECK": healthcheck,
    "USER": user,
    **dict.fromkeys(("VOLUME", "STOPSIGNAL", "MAINTAINER"), ignored),
}


def _command(one: Instruction) -> tuple[str, ...]:
    listed = one.listed()
    return (*SHELL, one.rest) if listed is None else listed

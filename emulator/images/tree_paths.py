"""Absolute paths in what an image runs, where the image is an unpacked tree and its processes are this machine's own.

A path is the tree's, but for the folders of programs and devices, MACHINE, which stay this machine's. Where the tree itself
has such a path, it is the tree's, too. Relative paths need nothing: processes start in the tree's working folder. What a
program builds out of parts (`"/" + name`) is not seen: there is no isolation, and this is no sandbox.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from emulator.images.build_failure import BuildFailedError

MACHINE = ("bin", "dev", "lib", "lib64", "proc", "sbin", "sys", "usr")
"""`/usr/local` is the tree's all the same: an image's Python lives there."""

_PATH = re.compile(r"(?:^|(?<=[\s\"'=:(<>,;&|]))/(?=[\w.])[\w./+@%*?-]*")
_CHANGES = re.compile(
    r"(?:^|[;&|(]|\bsudo\s)\s*(?:\w+=\S*\s+)*(?P<word>apt|apt-get|apk|dnf|yum|dpkg|useradd|adduser|usermod|groupadd|addgroup"
    r"|userdel|deluser|passwd|chpasswd|update-alternatives|ldconfig|systemctl|mount|umount|reboot|shutdown)\b"
)
_TOUCHES = re.compile(
    r"(?:^|[;&|(]|\s)(?P<word>rm|mv|chmod|chown|ln|install|cp|tee|rmdir|truncate)\s[^;&|]*?\s(?P<path>/(?:"
    + "|".join(MACHINE)
    + r")(?!/local\b)(?:/[\w.*-]+)*/?)(?=\s*(?:$|[;&|)]))"
)


def inside(root: Path, path: str) -> str:
    """Where a path of the image is on this machine."""
    parts = [part for part in path.split("/") if part]
    own = f"{root}/{'/'.join(parts)}" + ("/" if path.endswith("/") and parts else "")
    if parts[:1] and parts[0] in MACHINE and parts[:2] != ["usr", "local"] and not (root / "/".join(parts)).exists():
        return path
    return own


def translated(root: Path, text: str) -> str:
    """A command, with every absolute path where it is on this machine."""
    return _PATH.sub(lambda found: inside(root, found[0]), text)


def environment(root: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """Variables, with the paths of what the tree has; another text that begins with a slash (`/api`) is left alone."""

    def place(found: re.Match[str]) -> str:
        first = found[0].split("/")[1]
        return inside(root, found[0]) if (root / first).exists() else found[0]

    return {name: _PATH.sub(place, value) for name, value in variables.items()}


def refuse_changes_of_this_machine(command: str) -> None:
    """BuildFailedError for a command that would change this machine and not the image (packages, users, programs)."""
    if found := _CHANGES.search(command):
        raise BuildFailedError(
            f"{found['word']} would change this machine, not the image: this tree is built by this machine's own "
            "processes. Leave it out (a USER needs no account here), or build with a Docker engine"
        )
    if found := _TOUCHES.search(command):
        raise BuildFailedError(
            f"'{found['word']} … {found['path']}' would change this machine's own folder, not the image: this tree is "
            "built by this machine's own processes. Leave it out, or build with a Docker engine"
        )

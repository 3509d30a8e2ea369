"""Absolute paths in what an image runs, where the image is an unpacked tree and its processes are this machine's own.

A path is the tree's, but for the folders of programs and devices, MACHINE, which stay this machine's. Where the tree itself
has such a path, it is the tree's, too. Relative paths need nothing: processes start in the tree's working folder. What a
program builds out of parts (`"/" + name`) is not seen: there is no isolation, and this is no sandbox.
"""

import re
from pathlib import Path

from emulator.images.build_failure import BuildFailedError

MACHINE = ("bin", "dev", "lib", "lib64", "proc", "sbin", "sys", "usr")
"""`/usr/local` is the tree's all the same: an image's Python lives there."""

_PATH = re.compile(r"(?:^|(?<=[\s\"'=:(<>,;&|]))/(?=[\w.])[\w./+@%*?-]*")
_CHANGES = re.compile(
    r"(?:^|[;&|(]|\bsudo\s)\s*(?:\w+=\S*\s+)*(?P<word>apt-get|apt|apk|dnf|yum|dpkg|useradd|adduser|usermod|groupadd|addgroup"
    r"|userdel|deluser|passwd|chpasswd|update-alternatives|ldconfig|systemctl|mount|umount|reboot|shutdown)\b"
)
_OURS = r"(?P<path>/(?:" + "|".join(MACHINE) + r")\b(?!-|/local\b)(?:/[\w.*-]+)*/?)"
_TOUCHES = (
    re.compile(r"(?:^|[;&|(\s])(?P<word>rm|rmdir|mv|chmod|chown|truncate)\s(?:[^;&|]*?\s)?" + _OURS),
    re.compile(r"(?:^|[;&|(\s])(?P<word>cp|install|ln|tee)\s(?:[^;&|]*?\s)?" + _OURS + r"(?=\s*(?:$|[;&|)]))"),
)
"""Anywhere after the first, at the end after the second: what is copied from is not changed."""


def inside(root: Path, path: str) -> str:
    """Where a path of the image is on this machine."""
    parts = [part for part in path.split("/") if part]
    own = f"{root}/{'/'.join(parts)}" + ("/" if path.endswith("/") and parts else "")
    if parts[:1] and parts[0] in MACHINE and parts[:2] != ["usr", "local"] and not (root / "/".join(parts)).exists():
        return path
    return own


def translated(root: Path, text: str) -> str:
    """A build's command, with every absolute path where it is on this machine."""
    return _PATH.sub(lambda found: inside(root, found[0]), text)


def located(root: Path, text: str) -> str:
    """A variable or argument, with the paths of what the tree has; other texts that begin with a slash (`/api`) stay."""

    def place(found: re.Match[str]) -> str:
        return inside(root, found[0]) if (root / found[0].split("/")[1]).exists() else found[0]

    return _PATH.sub(place, text)


def refuse_changes_of_this_machine(command: str) -> None:
    """BuildFailedError for a command that would change this machine and not the image (packages, users, programs)."""
    if found := _CHANGES.search(command):
        raise BuildFailedError(
            f"{found['word']} would change this machine, not the image: this tree is built by this machine's own "
            "processes. Leave it out (a USER needs no account here), or build with a Docker engine"
        )
    if found := _TOUCHES[0].search(command) or _TOUCHES[1].search(command):
        raise BuildFailedError(
            f"'{found['word']} … {found['path']}' would change this machine's own folder, not the image: this tree is "
            "built by this machine's own processes. Leave it out, or build with a Docker engine"
        )

"""Who listens on a port of this machine, as far as the system tells without further tools."""

from dataclasses import dataclass
from pathlib import Path

LISTENING = "0A"  # the kernel's code of that state in /proc/net/tcp
SHOWN_CHARACTERS = 120


@dataclass(frozen=True)
class Holder:
    """A process that holds a port. command: its command line, shortened."""

    pid: int
    command: str


def holder_of(port: int) -> Holder | None:
    """The process listening on a port; None where the system does not say: other systems, other people's processes."""
    sockets = _sockets_listening_on(port)
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(entry.readlink()) in sockets for entry in (folder / "fd").iterdir()):
                return Holder(int(folder.name), command_of(int(folder.name)) or "unknown command")
        except OSError:  # it ended meanwhile, or is somebody else's
            continue
    return None


def command_of(pid: int) -> str | None:
    """A running process's command line; None when it does not run (any more), or the system does not say."""
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return None
    if not line:  # it ended, and its parent has not collected it
        return None
    return line if len(line) <= SHOWN_CHARACTERS else f"{line[:SHOWN_CHARACTERS]}…"


def _sockets_listening_on(port: int) -> frozenset[str]:
    found = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        if not table.exists():
            continue
        for line in table.read_text().splitlines()[1:]:
            columns = line.split()
            local, state, inode = columns[1], columns[3], columns[9]
            if state == LISTENING and int(local.rpartition(":")[2], 16) == port:
                found.add(f"socket:[{inode}]")
    return frozenset(found)

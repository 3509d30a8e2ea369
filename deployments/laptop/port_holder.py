"""Who listens on a port of this machine, as far as the system tells."""

from dataclasses import dataclass

import psutil

from domain.text import cut

SHOWN_CHARACTERS = 120


@dataclass(frozen=True)
class Holder:
    """A process that holds a port. command: its command line, shortened."""

    pid: int
    command: str


def holder_of(port: int) -> Holder | None:
    """The process listening on a port; None where the system does not say: other people's processes, other systems."""
    try:
        listening = [one for one in psutil.net_connections("tcp") if one.status == psutil.CONN_LISTEN]
    except psutil.AccessDenied:  # macOS tells its administrators alone
        return None
    pid = next((one.pid for one in listening if one.laddr and one.laddr.port == port and one.pid is not None), None)
    return None if pid is None else Holder(pid, command_of(pid) or "unknown command")


def command_of(pid: int) -> str | None:
    """A running process's command line; None when it does not run, or the system does not say."""
    try:
        line = " ".join(psutil.Process(pid).cmdline()).strip()
    except psutil.Error:
        return None
    return cut(line, SHOWN_CHARACTERS) or None

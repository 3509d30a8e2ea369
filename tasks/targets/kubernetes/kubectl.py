"""`kubectl`, as a program of its own that ends with us; what it prints, or why not."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any

from domain.errors import Terminal, Transient
from tasks.targets.kubernetes.access import ClusterAccess, cluster_error
from tasks.targets.kubernetes.child_process import child_command

SECONDS = 60.0
FORWARDING_SECONDS = 20.0
"""For a port-forward to stand."""
LINE = re.compile(r"Forwarding from 127\.0\.0\.1:(\d+)")


def kubectl(
    access: ClusterAccess,
    *words: str,
    stdin: str = "",
    seconds: float = SECONDS,
    action: str = "",
    good: tuple[int, ...] = (0,),
    environment: Mapping[str, str] | None = None,
) -> str:
    """What it prints; Terminal or Transient with its words where it fails. action: "reading pods", for the message.

    good: codes that it may end with. environment: what it gets beside ours.
    """
    action = action or f"kubectl {' '.join(words[:2])}"
    try:
        done = subprocess.run(
            _command(access, *words),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            env={**os.environ, **(environment or {})},
        )
    except subprocess.TimeoutExpired:
        raise Transient(f"{access.place} did not answer within {seconds:g} seconds while {action}") from None
    if done.returncode not in good:
        raise cluster_error(action, access, done.stderr or done.stdout)
    return done.stdout


def kubectl_json(access: ClusterAccess, *words: str, action: str = "") -> Any:
    """The document that it prints; None where nothing of what was asked for exists."""
    printed = kubectl(access, *words, "--ignore-not-found", "--output=json", action=action)
    return json.loads(printed) if printed.strip() else None


def kubectl_list(access: ClusterAccess, *words: str, action: str = "") -> list[Any]:
    """The documents of a list that it prints."""
    found = kubectl_json(access, *words, action=action)
    return found["items"] if found is not None else []


@contextmanager
def port_forward(access: ClusterAccess, target: str, port: int | str) -> Iterator[str]:
    """`http://127.0.0.1:PORT`, a way to a port of a pod or Service that ends with this; target: `service/name`.

    A Service's own address leads nowhere outside of its cluster, so it is never dialled.
    """
    process = subprocess.Popen(
        _command(access, "port-forward", "--address=127.0.0.1", target, f":{port}"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines: Queue[str | None] = Queue()
    reader = Thread(target=_read, args=(process, lines), daemon=True)
    reader.start()
    try:
        yield f"http://127.0.0.1:{_port(access, target, lines)}"
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join(5)
        if process.stdout is not None:
            process.stdout.close()


def _read(process: "subprocess.Popen[str]", lines: "Queue[str | None]") -> None:
    """All of it, to the end: a pipe that is full would stop it."""
    for line in process.stdout or ():
        lines.put(line)
    lines.put(None)


def _port(access: ClusterAccess, target: str, lines: "Queue[str | None]") -> str:
    said: list[str] = []
    while True:
        try:
            line = lines.get(timeout=FORWARDING_SECONDS)
        except Empty:
            raise Transient(f"no port-forward to {target} of {access.place} within {FORWARDING_SECONDS:g} s") from None
        if line is None:
            raise cluster_error(f"forwarding a port to {target}", access, "\n".join(said))
        if found := LINE.search(line):
            return found[1]
        said.append(line)


def _command(access: ClusterAccess, *words: str) -> list[str]:
    program = shutil.which("kubectl")
    if program is None:
        raise Terminal(
            f"there is no kubectl on {os.uname().nodename}, which needs it to reach {access.place}; install it"
        )
    return child_command(
        Path(program), "kubectl", "--kubeconfig", str(access.kubeconfig), "--namespace", access.namespace, *words
    )

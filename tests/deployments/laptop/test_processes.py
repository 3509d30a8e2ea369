"""Starting and stopping child processes, with real ones."""

import os
import signal
import socket
import sys
import time
from pathlib import Path

import pytest

from deployments.laptop.processes import Processes, StartError, check_port_free, free_port, interrupts_held

GRANDPARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
)
SIGNS_OFF = """
import pathlib, signal, sys, time
def end(*_):
    with pathlib.Path(sys.argv[1]).open("a") as order:
        order.write(sys.argv[2])
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("up", flush=True)
time.sleep(60)
"""


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not yet collected by its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_taken_port_is_refused_with_the_holder_and_the_option_named() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        said = (
            rf"port {port} .* for the emulator: .*Process {os.getpid()} holds it .*kill {os.getpid()}.*--emulator-port"
        )
        with pytest.raises(StartError, match=said):
            check_port_free(port, "the emulator", "--emulator-port")


def test_a_free_port_is_accepted() -> None:
    check_port_free(free_port(), "the emulator", "--emulator-port")


def test_a_process_that_never_gets_ready_shows_the_end_of_its_log_and_is_stopped(tmp_path: Path) -> None:
    script = "import time; print('waiting for the moon', flush=True); time.sleep(60)"
    with Processes(tmp_path) as processes:
        with pytest.raises(StartError, match=r"slow was not ready after 1 s(?s:.*)waiting for the moon"):
            processes.start("slow", [sys.executable, "-c", script], os.environ, ready=lambda: False, deadline_seconds=1)
        child = processes._children[0]
    assert child.process.returncode is not None


def test_a_process_that_ends_before_it_is_ready_shows_its_code_and_log(tmp_path: Path) -> None:
    script = "import sys; print('no such table'); sys.exit(3)"
    with (
        Processes(tmp_path) as processes,
        pytest.raises(StartError, match=r"broken ended with code 3(?s:.*)no such table"),
    ):
        processes.start("broken", [sys.executable, "-c", script], os.environ, ready=lambda: False)


def test_stopping_ends_the_children_of_children(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        child = processes.start("parent", [sys.executable, "-c", GRANDPARENT], os.environ)
        until = time.monotonic() + 20
        while not child.log.read_text().strip() and time.monotonic() < until:
            time.sleep(0.05)
        grandchild = int(child.log.read_text())
        assert alive(grandchild)
    assert not alive(child.process.pid)
    assert not alive(grandchild)


def test_a_process_that_ignores_the_request_is_killed(tmp_path: Path) -> None:
    with Processes(tmp_path, grace_seconds=0.5) as processes:
        log = tmp_path / "stubborn.log"
        child = processes.start(
            "stubborn", [sys.executable, "-c", STUBBORN], os.environ, ready=lambda: "deaf" in log.read_text()
        )
    assert child.process.returncode == -9


def test_the_newest_is_stopped_first(tmp_path: Path) -> None:
    order = tmp_path / "order"
    with Processes(tmp_path) as processes:
        for name in ("a", "b", "c"):
            log = tmp_path / f"{name}.log"
            command = [sys.executable, "-c", SIGNS_OFF, str(order), name]
            processes.start(name, command, os.environ, ready=lambda log=log: "up" in log.read_text())  # type: ignore[misc]
    assert order.read_text() == "cba"


def test_a_child_that_ends_by_itself_is_noticed(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        child = processes.start("short", [sys.executable, "-c", "pass"], os.environ)
        child.process.wait(timeout=20)
        assert processes.ended() is child


def test_an_interrupt_waits_until_a_child_just_started_is_noted() -> None:
    noted = False
    with pytest.raises(KeyboardInterrupt), interrupts_held():
        signal.raise_signal(signal.SIGINT)
        noted = True
    assert noted

"""Single parts of a running group: guards that let nothing outlive, bounded logs, relays, paths in a tree."""

import errno
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from emulator.containers import relay
from emulator.containers.container_log import KEPT_BYTES, LINE_BYTES, ContainerLog
from emulator.containers.container_record import MOST_EVENTS, ContainerRecord
from emulator.containers.guarded_process import GuardedProcess
from emulator.containers.process_runtime import inside
from emulator.containers.relay import PortTakenError, Relays

ROOT = Path(__file__).parents[2]
LONELY = "127.64.10.11"
ENVIRONMENT = {"PATH": os.environ["PATH"]}

LEAVES_CHILDREN = """
import os, pathlib, subprocess, sys, time
sleeps = [sys.executable, "-c", "import time; time.sleep(60)"]
mine = [str(subprocess.Popen(sleeps, start_new_session=new).pid) for new in (False, True)]
pathlib.Path(sys.argv[1]).write_text(" ".join([str(os.getpid()), *mine]))
time.sleep(float(sys.argv[2]))
"""


def _processes(file: Path) -> list[Path]:
    deadline = time.monotonic() + 20
    while not file.exists() or not file.read_text():
        assert time.monotonic() < deadline, "it did not start"
        time.sleep(0.02)
    return [Path("/proc", name) for name in file.read_text().split()]


def _gone(processes: list[Path]) -> bool:
    deadline = time.monotonic() + 10
    while any(one.exists() for one in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_nothing_of_a_container_outlives_an_emulator_that_was_killed(tmp_path: Path) -> None:
    mark = tmp_path / "processes"
    program = (
        "import sys, time; from pathlib import Path; from emulator.containers.guarded_process import GuardedProcess;"
        "from emulator.containers.container_log import ContainerLog;"
        f"kept = GuardedProcess([sys.executable, '-c', {LEAVES_CHILDREN!r}, {str(mark)!r}, '60'], Path('/'), {{}}, ContainerLog());"
        "time.sleep(60)"
    )
    emulator = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT)
    try:
        processes = _processes(mark)
        assert len(processes) == 3
        assert all(one.exists() for one in processes)
    finally:
        emulator.send_signal(signal.SIGKILL)
        emulator.wait()
    assert _gone(processes)


def test_what_a_container_leaves_behind_ends_with_it(tmp_path: Path) -> None:
    mark = tmp_path / "processes"
    command = [sys.executable, "-c", LEAVES_CHILDREN, str(mark), "0"]
    process = GuardedProcess(command, tmp_path, ENVIRONMENT, ContainerLog())
    assert process.wait(20) == 0
    assert _gone(_processes(mark))


def test_the_last_command_runs_when_the_container_is_ended(tmp_path: Path) -> None:
    mark = tmp_path / "ended"
    process = GuardedProcess(["sleep", "60"], tmp_path, ENVIRONMENT, ContainerLog(), ["touch", str(mark)])
    assert process.wait(0.2) is None
    process.kill()
    assert process.wait(20) == 128 + signal.SIGKILL
    assert mark.exists()


def test_a_command_that_is_not_there_says_so_in_the_log(tmp_path: Path) -> None:
    log = ContainerLog()
    process = GuardedProcess(["no-such-program"], tmp_path, ENVIRONMENT, log)
    assert process.wait(20) == 127
    assert log.text() == "exec: 'no-such-program' cannot be started: No such file or directory\n"


def test_a_log_keeps_its_last_four_mebibytes() -> None:
    log = ContainerLog()
    for number in range(6 * 1024):
        log.add(f"{number:07d} {'x' * 1015}\n".encode())
    text = log.text()
    assert KEPT_BYTES - 2_000 < len(text) <= KEPT_BYTES
    assert text.endswith(f"{6 * 1024 - 1:07d} {'x' * 1015}\n")
    log.add(b"y" * (LINE_BYTES + 1))
    assert log.text(tail=2) == "y" * LINE_BYTES + "\ny\n"
    assert log.text(tail=0) == ""


def test_events_are_counted_and_bounded() -> None:
    record = ContainerRecord()
    for number in range(MOST_EVENTS + 5):
        record.event("Started", f"container {number}")
    record.event("Started", "container 30")
    events = record.document()["events"]
    assert (len(events), events[-1]["message"], events[-1]["count"]) == (MOST_EVENTS, "container 30", 2)


def test_an_address_passes_bytes_on_both_ways_and_closes() -> None:
    relays = Relays()
    try:
        with socket.create_server(("127.0.0.1", 0)) as behind:
            relays.open(LONELY, 18_080, behind.getsockname)
            with socket.create_connection((LONELY, 18_080), timeout=5) as caller:
                served, _ = behind.accept()
                with served:
                    caller.sendall(b"question")
                    assert served.recv(100) == b"question"
                    served.sendall(b"answer")
                    assert caller.recv(100) == b"answer"
                    relays.close(LONELY)
                    assert _cut(caller)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((LONELY, 18_080), timeout=5)
    finally:
        relays.end()


def test_a_caller_is_cut_when_no_container_listens() -> None:
    relays = Relays()
    try:
        relays.open(LONELY, 18_081, lambda: None)
        with socket.create_connection((LONELY, 18_081), timeout=5) as caller:
            assert _cut(caller)
    finally:
        relays.end()


def test_more_callers_than_an_address_takes_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "MOST_CONNECTIONS", 1)
    relays = Relays()
    try:
        with socket.create_server(("127.0.0.1", 0)) as behind:
            relays.open(LONELY, 18_082, behind.getsockname)
            with socket.create_connection((LONELY, 18_082), timeout=5):
                served, _ = behind.accept()
                with served, socket.create_connection((LONELY, 18_082), timeout=5) as second:
                    assert _cut(second)
    finally:
        relays.end()


def test_a_port_that_cannot_be_had_says_why() -> None:
    relays = Relays()
    try:
        with (
            socket.create_server((LONELY, 18_083)),
            pytest.raises(PortTakenError, match="something listens there") as taken,
        ):
            relays.open(LONELY, 18_083, lambda: None)
        assert taken.value.errno == errno.EADDRINUSE
    finally:
        relays.end()
    refused = relay._explained(LONELY, 80, PermissionError(errno.EACCES, "Permission denied"))
    assert "this user may not open ports below 1024; choose a higher one" in str(refused)


def _cut(line: socket.socket) -> bool:
    line.settimeout(5)
    try:
        return line.recv(1) == b""
    except ConnectionResetError:
        return True


def test_an_absolute_path_that_the_tree_has_is_the_trees(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "serve.py").touch()
    assert inside(tmp_path, "/app/serve.py") == str(tmp_path / "app" / "serve.py")
    assert [inside(tmp_path, word) for word in ("/bin/sh", "--app", "/", "app/serve.py")] == [
        "/bin/sh",
        "--app",
        "/",
        "app/serve.py",
    ]

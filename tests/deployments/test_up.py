"""`signalbox up` as a person starts and ends it."""

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from deployments.laptop.password import password_of
from deployments.laptop.processes import free_port

FETCHED = Path(__file__).parents[2] / ".signalbox" / "data"
"""Where set-up keeps the fetched data."""


class Up:
    """A `signalbox up` of its own, in a session of its own."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.output = folder / "output"
        self.home.mkdir()
        FETCHED.mkdir(parents=True, exist_ok=True)
        (self.home / "data").symlink_to(FETCHED)  # else each test would fetch it
        self.api_port, self.emulator_port = free_port(), free_port()
        ports = ["--api-port", str(self.api_port), "--emulator-port", str(self.emulator_port)]
        command = [sys.executable, "-m", "deployments.cli", "up", *ports, "--home", str(self.home)]
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)

    def said(self) -> str:
        return self.output.read_text()

    def until(self, happened: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not happened():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.1)

    def answers(self, port: int, path: str) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def scheduled(self) -> set[str]:
        """Flows of which the server has planned a run, by the schedules of their deployments."""
        user, _, password = password_of(self.home).get_secret_value().partition(":")
        server = f"http://127.0.0.1:{self.api_port}/api"
        with httpx.Client(base_url=server, auth=(user, password), timeout=10) as client:
            wanted = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}, "limit": 50}
            runs = client.post("/flow_runs/filter", json=wanted).raise_for_status().json()
            flows = {run["flow_id"] for run in runs if run["auto_scheduled"]}
            return {client.get(f"/flows/{one}").raise_for_status().json()["name"] for one in flows}

    def kept(self, password: str) -> list[Path]:
        """Files below this home that name the password, logs and databases among them."""
        secret = password.partition(":")[2].encode()
        files = [
            file for file in self.home.rglob("*") if file.is_file()
        ]  # not below links: the fetched data is none of it
        return [file for file in files if secret in file.read_bytes()]

    def left(self) -> list[str]:
        """Command lines of processes that work with this home."""
        mine = f"{self.home}".encode()
        lines = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if mine in (folder / "environ").read_bytes() or mine in (folder / "cmdline").read_bytes():
                    lines.append((folder / "cmdline").read_text().replace("\0", " "))
            except OSError:  # it ended meanwhile
                continue
        return lines


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    started = Up(tmp_path)
    try:
        yield started
    finally:
        if started.process.poll() is None:
            os.killpg(started.process.pid, signal.SIGTERM)
            started.process.wait(timeout=60)


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds processes in /proc"),
]


def test_ctrl_c_while_starting_leaves_no_process(up: Up) -> None:
    up.until(lambda: up.answers(up.emulator_port, "/_emulator/health"), seconds=200)
    assert up.left()
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(timeout=40) == 130, up.said()
    assert up.left() == []


def test_termination_when_all_is_up_leaves_no_process(up: Up) -> None:
    up.until(lambda: "Signalbox is up." in up.said(), seconds=240)
    assert up.answers(up.api_port, "/api/health")
    assert f"http://127.0.0.1:{up.api_port}" in up.said()
    up.until(lambda: "expire" in up.scheduled(), seconds=120)  # the server looks every minute
    password = password_of(up.home).get_secret_value()
    assert f"and, where it asks for a password, paste all of {password}\n" in up.said()
    assert up.kept(password) == [up.home / "server-password"]
    assert [line for line in up.left() if password.partition(":")[2] in line] == []
    up.process.send_signal(signal.SIGTERM)
    assert up.process.wait(timeout=60) == 130, up.said()
    assert up.left() == []


def second(home: Path, api_port: int, emulator_port: int) -> str:
    """What another `signalbox up` says that cannot start."""
    ports = ["--api-port", str(api_port), "--emulator-port", str(emulator_port)]
    command = [sys.executable, "-m", "deployments.cli", "up", *ports, "--home", str(home)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    return done.stderr


def test_a_second_start_says_who_holds_the_port_and_who_works_in_the_folder(up: Up, tmp_path: Path) -> None:
    up.until(lambda: up.answers(up.emulator_port, "/_emulator/health"), seconds=200)
    said = second(tmp_path / "second", free_port(), up.emulator_port)
    assert f"port {up.emulator_port} of 127.0.0.1 cannot be used for the emulator" in said
    assert "-m emulator" in said
    assert "--emulator-port" in said
    assert not (tmp_path / "second" / "logs").exists()

    said = second(up.home, free_port(), free_port())
    assert f"already running in {up.home}: process {up.process.pid}" in said
    assert f"http://127.0.0.1:{up.api_port}" in said


def test_after_a_kill_the_next_start_says_what_is_left_and_how_to_end_it(up: Up) -> None:
    up.until(lambda: up.answers(up.emulator_port, "/_emulator/health"), seconds=200)
    up.until(lambda: "prefect-server" in (up.home / "running.json").read_text(), seconds=200)  # started and noted
    up.process.kill()
    up.process.wait(timeout=20)
    said = second(up.home, free_port(), free_port())
    assert "killed left these running: emulator (process " in said
    command = said.partition("`")[2].partition("`")[0].split()
    assert command[:2] == ["kill", "--"]
    for group in command[2:]:
        os.killpg(-int(group), signal.SIGTERM)
    deadline = time.monotonic() + 30
    while up.left() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert up.left() == []

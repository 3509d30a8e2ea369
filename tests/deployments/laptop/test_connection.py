"""Commands work with the server of their folder: what answers at a port may be another folder's."""

import os
import re
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest

from deployments.laptop.laptop import Laptop
from deployments.laptop.lock import FolderLock, Running, running_in
from deployments.laptop.password import FILE, make_password, password_of


def status(home: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """`signalbox status` in a shell of its own, where no server is set but with these variables."""
    return typed("status", "--home", str(home), *words, **variables)


def typed(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Any command, there."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "AZURE_"))}
    command = [sys.executable, "-m", "deployments.cli", *words]
    return subprocess.run(command, env=kept | variables, capture_output=True, text=True, timeout=120, check=False)


def test_another_folder_s_server_is_not_asked_whatever_port_it_has(laptop: Laptop, tmp_path: Path) -> None:
    told = status(tmp_path, "--api-port", str(laptop.api_port), "--emulator-port", str(laptop.emulator_port))
    assert told.returncode == 1
    assert told.stdout == ""
    assert f"no Signalbox is running in {tmp_path}. Start it with `" in told.stderr
    assert f"signalbox up --home {tmp_path}`" in told.stderr


def test_a_port_that_is_not_the_folder_s_is_refused_at_once(laptop: Laptop) -> None:
    told = status(laptop.home, "--api-port", "1")
    assert told.returncode == 1
    assert "what answers at port 1 is not the Prefect server of this folder" in told.stderr
    assert f"answers at port {laptop.api_port}" in told.stderr


def test_the_folder_s_own_ports_need_not_be_named(laptop: Laptop) -> None:
    found = running_in(laptop.home)
    assert found is not None
    assert (found.api_port, found.emulator_port) == (laptop.api_port, laptop.emulator_port)
    told = status(laptop.home)
    assert "of this folder" not in told.stderr
    assert "no Signalbox is running" not in told.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("status", "--workload=flask_app"),
        ("enrol", "ada"),
        ("approve", "20991231.7", "--workload", "flask_app"),
        ("audit", "20991231.7", "--workload", "flask_app"),
    ],
    ids=lambda words: words[0],
)
def test_a_command_of_another_terminal_has_the_folder_s_password(
    laptop: Laptop, environment: str, words: tuple[str, ...]
) -> None:
    told = typed(*words, "--home", str(laptop.home))
    said = told.stdout + told.stderr
    assert "Traceback" not in said
    assert "401" not in said
    name = words[1].partition("=")[2] or words[1]  # what it was asked about, and answers or refuses
    assert told.stdout.startswith(name) or (told.returncode == 1 and name in told.stderr)
    assert laptop.password.get_secret_value().partition(":")[2] not in said


def test_another_folder_s_password_is_refused_in_a_sentence(laptop: Laptop, tmp_path: Path) -> None:
    lock = FolderLock(tmp_path)
    lock.take(laptop.ui_url, laptop.emulator_url)
    lock.note({"emulator": os.getpid(), "prefect-server": os.getpid()})
    told = status(tmp_path)
    assert (told.returncode, told.stdout) == (1, "")
    assert "the password of the Prefect server cannot be read in" in told.stderr
    make_password(tmp_path)
    told = status(tmp_path)
    lock.release()
    assert (told.returncode, told.stdout) == (1, "")
    said = " ".join(told.stderr.split())
    assert f"answered 401 to /api/csrf-token. The password in {tmp_path / FILE} is not the one that" in said
    assert "Traceback" not in said
    assert password_of(tmp_path).get_secret_value().partition(":")[2] not in said


def test_a_server_that_somebody_names_is_asked_with_what_they_set_and_nothing_of_the_folder(
    laptop: Laptop, tmp_path: Path
) -> None:
    named = {"PREFECT_API_URL": f"{laptop.ui_url}/api", "PREFECT_HOME": str(tmp_path)}
    told = status(laptop.home, **named)
    assert "answered 401 to /api/csrf-token. Set PREFECT_API_AUTH_STRING" in " ".join(told.stderr.split())
    told = status(laptop.home, **named, PREFECT_API_AUTH_STRING=laptop.password.get_secret_value())
    assert "401" not in told.stderr


def test_a_server_that_does_not_answer_is_said_in_words(tmp_path: Path, silent_port: int) -> None:
    url = f"http://127.0.0.1:{silent_port}/api"
    told = status(tmp_path, "--json", PREFECT_API_URL=url, PREFECT_HOME=str(tmp_path))
    assert (told.returncode, told.stdout) == (1, "")
    assert f"the Prefect server at {url} could not be reached" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_folder_whose_servers_have_ended_or_only_start_is_not_running(tmp_path: Path) -> None:
    assert running_in(tmp_path / "nowhere") is None
    lock = FolderLock(tmp_path)
    lock.take("http://127.0.0.1:4200", "http://127.0.0.1:8400/_emulator")
    assert running_in(tmp_path) is None
    lock.note({"emulator": os.getpid(), "prefect-server": os.getpid()})
    assert running_in(tmp_path) == Running(os.getpid(), 4200, 8400)
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        lock.note({"emulator": ended.pid, "prefect-server": os.getpid()})
    assert running_in(tmp_path) is None
    lock.release()
    assert running_in(tmp_path) is None


class Stranger(BaseHTTPRequestHandler):
    """What is no Prefect server, or one that will not have us."""

    answers: ClassVar[tuple[int, bytes, dict[str, str]]]

    def do_GET(self) -> None:
        status, body, headers = self.answers
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ((200, b"<html>Sign in</html>", {"Content-Type": "text/html"}), "is no Prefect server. Is there a proxy"),
        ((200, b"null", {"Content-Type": "application/json"}), "is no Prefect server"),
        ((401, b'{"detail": "Unauthorized"}', {}), "answered 401 to /api/.*Set PREFECT_API_AUTH_STRING"),
        ((500, b"oops", {}), "answered 500 to /api/.*PREFECT_API_URL names a Prefect server"),
        ((302, b"", {"Location": "/api/csrf-token"}), "could not be reached .*redirects"),
    ],
    ids=["a proxy's page", "null", "no password", "an error", "a circle"],
)
def test_what_is_no_server_of_ours_is_said_before_anything_begins(
    tmp_path: Path, answers: tuple[int, bytes, dict[str, str]], told: str
) -> None:
    kind = type("Answering", (Stranger,), {"answers": answers})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        found = status(
            tmp_path, PREFECT_API_URL=f"http://127.0.0.1:{server.server_port}/api", PREFECT_HOME=str(tmp_path)
        )
        server.shutdown()
    assert (found.returncode, found.stdout) == (1, "")
    assert re.search(told, " ".join(found.stderr.split())), found.stderr
    assert "Traceback" not in found.stderr
    assert "half done" not in found.stderr

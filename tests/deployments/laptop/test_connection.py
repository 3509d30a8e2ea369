"""Commands work with the server of their folder: what answers at a port may be another folder's."""

import os
import subprocess
import sys
from pathlib import Path

from deployments.laptop.laptop import Laptop
from deployments.laptop.lock import FolderLock, Running, running_in


def status(home: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """`signalbox status` in a shell of its own, where no server is set but with these variables."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "AZURE_"))}
    command = [sys.executable, "-m", "deployments.cli", "status", "--home", str(home), *words]
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

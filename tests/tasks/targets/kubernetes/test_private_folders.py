"""What a killed process leaves of a cluster: nothing that runs, and no credentials for longer than until the next access."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tasks.targets.kubernetes.private_folders import PREFIX, private_folder

ROOT = Path(__file__).parents[4]
HOLDS = """
import subprocess, sys, time
from pathlib import Path
from tasks.targets.kubernetes.private_folders import private_folder
from tasks.targets.kubernetes.child_process import child_command
with private_folder() as folder:
    (folder / "kubeconfig").write_text("secret")
    child = subprocess.Popen(child_command(Path("/bin/sleep"), "sleep", "600"))
    while Path(f"/proc/{child.pid}/comm").read_text() != "sleep\\n":
        time.sleep(0.01)
    print(folder, child.pid, flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder() -> Iterator[tuple["subprocess.Popen[str]", Path, int]]:
    """A process in a private folder, the folder, and a program that it started."""
    words = [sys.executable, "-c", HOLDS]
    with subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        folder, child = process.stdout.readline().split()
        try:
            yield process, Path(folder), int(child)
        finally:
            process.kill()


def runs(pid: int) -> bool:
    """Whether it does, and is not only waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_what_a_killed_process_leaves_goes_and_what_lives_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "TMPDIR", str(tmp_path)
    )  # any other process's next access would clear away what is left in the common one
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with holder() as (_, living, _child), holder() as (dying, left, child):
        assert (left / "kubeconfig").read_text() == "secret"
        os.kill(dying.pid, signal.SIGKILL)
        dying.wait()
        until = time.monotonic() + 10
        while runs(child):
            assert time.monotonic() < until
            time.sleep(0.05)
        assert left.exists()
        with private_folder() as mine:
            assert not left.exists()
            assert (living / "kubeconfig").exists()
            assert mine.stat().st_mode & 0o777 == 0o700
        assert not mine.exists()


def test_what_is_not_ours_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    open_to_all, file, elsewhere = tmp_path / f"{PREFIX}open", tmp_path / f"{PREFIX}file", tmp_path / "elsewhere"
    for folder in (open_to_all, elsewhere):
        folder.mkdir()
    open_to_all.chmod(0o755)
    elsewhere.chmod(0o700)
    file.touch()
    (tmp_path / f"{PREFIX}link").symlink_to(elsewhere)
    theirs = tmp_path / f"{PREFIX}theirs"
    theirs.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(theirs, 12345, 12345)
    with private_folder():
        assert open_to_all.exists()
        assert file.exists()
        assert elsewhere.exists()
        assert theirs.exists() == (os.geteuid() == 0)

"""One Signalbox a folder."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deployments.laptop.lock import FolderLock
from deployments.laptop.processes import StartError

SLEEPS = [sys.executable, "-c", "import time; time.sleep(60)"]


def test_a_folder_that_is_taken_is_refused_with_the_holder_named(tmp_path: Path) -> None:
    first = FolderLock(tmp_path)
    first.take("http://127.0.0.1:4200")
    with pytest.raises(StartError, match=rf"already running .*process {os.getpid()}, UI at http://127.0.0.1:4200"):
        FolderLock(tmp_path).take("http://127.0.0.1:4300")
    first.release()


def test_a_folder_given_back_can_be_taken_again(tmp_path: Path) -> None:
    for _ in range(2):
        lock = FolderLock(tmp_path)
        lock.take("http://127.0.0.1:4200")
        lock.note({"emulator": os.getpid()})
        lock.release()


def test_what_a_killed_one_left_is_named_with_the_command_that_ends_it(tmp_path: Path) -> None:
    killed = FolderLock(tmp_path)
    killed.take("http://127.0.0.1:4200")
    with subprocess.Popen(SLEEPS) as left:
        killed.note({"worker": left.pid})
        assert killed._file is not None
        killed._file.close()  # what the system does for a killed process
        with pytest.raises(StartError, match=rf"worker \(process {left.pid}\).*`kill -- -{left.pid}`"):
            FolderLock(tmp_path).take("http://127.0.0.1:4200")
        left.kill()
    FolderLock(tmp_path).take("http://127.0.0.1:4200")


def test_a_later_process_with_the_same_id_is_not_taken_for_one_left_behind(tmp_path: Path) -> None:
    record = {"pid": 1, "ui": "", "children": {"worker": {"pid": os.getpid(), "born": "another time"}}}
    (tmp_path / "running.json").write_text(json.dumps(record))
    FolderLock(tmp_path).take("http://127.0.0.1:4200")


def test_a_record_cut_short_by_a_kill_does_not_stop_the_next(tmp_path: Path) -> None:
    (tmp_path / "running.json").write_text('{"pid": 1, "chi')
    FolderLock(tmp_path).take("http://127.0.0.1:4200")

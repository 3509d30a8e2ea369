"""Commit and author are those of the workload's own work tree; where none holds it, none is said."""

import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tasks.run import code_author, code_commit

GIT = shutil.which("git") or "git"
ADA = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")


def git(folder: Path, *words: str) -> str:
    return subprocess.run([GIT, *ADA, *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def team(tmp_path: Path) -> Path:
    """A repository of somebody else's, with a workload in it."""
    folder = tmp_path / "repository" / "workloads" / "pumps"
    folder.mkdir(parents=True)
    (folder / "workload.yaml").write_text("name: pumps\n")
    git(tmp_path / "repository", "init", "--quiet")
    git(tmp_path / "repository", "add", ".")
    git(tmp_path / "repository", "commit", "--quiet", "--message", "pumps")
    return folder


def of(folder: Path) -> Any:
    return SimpleNamespace(folder=folder)


def test_a_workload_of_another_repository_has_that_one_s_commit_and_author(team: Path) -> None:
    assert code_commit(of(team)) == git(team, "rev-parse", "HEAD")
    assert code_author(of(team)) == "Ada <ada@example.org>"


def test_a_workload_that_no_commit_holds_has_neither(team: Path, tmp_path: Path) -> None:
    outside = tmp_path / "pumps"
    outside.mkdir()
    (outside / "workload.yaml").write_text("name: pumps\n")
    untracked = team.parent / "fans"
    untracked.mkdir()
    (untracked / "workload.yaml").write_text("name: fans\n")
    for folder in (outside, untracked):
        assert (code_commit(of(folder)), code_author(of(folder))) == ("uncommitted", "")

"""Commit and author are those of the workload's own work tree; where none holds it, none is said."""

import re
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from domain.errors import Terminal
from tasks.flow_run import code_author, code_commit

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
    """The workload in a folder; its pipelines' components include what lies in `shared`, beside the folder, where that is."""
    (folder.parent / "pipeline.yaml").write_text("jobs: {step: {component: step.yaml}, gone: {component: gone.yaml}}\n")
    (folder.parent / "step.yaml").write_text(
        "additional_includes: [shared.zip, pumps, missing]\n" if (folder.parent / "shared").exists() else "code: code\n"
    )
    pipeline = SimpleNamespace(pipeline=Path("../pipeline.yaml"))
    return SimpleNamespace(folder=folder, data=pipeline, training=pipeline)


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
        assert re.fullmatch(r"uncommitted\+[0-9a-f]{8}", code_commit(of(folder)))
        assert code_author(of(folder)) == ""


def test_files_that_are_not_those_of_the_commit_are_told_apart_by_what_they_are(team: Path) -> None:
    """So that what was changed since is no more taken for what serves already."""
    commit = code_commit(of(team))
    (team / "score.py").write_text("1\n")
    first = code_commit(of(team))
    assert re.fullmatch(rf"{commit}\+[0-9a-f]{{8}}", first)
    assert code_commit(of(team)) == first
    assert code_author(of(team)) == ""
    (team / "__pycache__").mkdir()
    (team / "__pycache__" / "score.pyc").write_text("compiled")
    assert code_commit(of(team)) == first
    (team / "score.py").write_text("2\n")
    assert code_commit(of(team)) not in {commit, first}
    (team / "score.py").unlink()
    shutil.rmtree(team / "__pycache__")
    assert code_commit(of(team)) == commit
    (team.parent / "fans").mkdir()
    (team.parent / "fans" / "workload.yaml").write_text("name: fans\n")
    assert code_commit(of(team)) == commit  # another workload's changes are not its own


def test_what_steps_include_from_elsewhere_belongs_to_it(team: Path) -> None:
    """Else who changes what is shared would be the commit's author, and could be taken for somebody else."""
    shared = team.parent / "shared"
    shared.mkdir()
    (shared / "reader.py").write_text("1\n")
    own = code_commit(of(team))
    assert re.fullmatch(r"[0-9a-f]{40}\+[0-9a-f]{8}", own)
    assert code_author(of(team)) == ""
    git(team, "add", str(shared))
    git(team, "commit", "--quiet", "--message", "shared")
    assert code_commit(of(team)) == git(team, "rev-parse", "HEAD")
    assert code_author(of(team)) == "Ada <ada@example.org>"
    (shared / "reader.py").write_text("2\n")
    changed = code_commit(of(team))
    assert changed.startswith(git(team, "rev-parse", "HEAD") + "+")
    assert code_author(of(team)) == ""
    (shared / "reader.py").write_text("3\n")
    assert code_commit(of(team)) != changed


def test_what_lies_outside_of_the_repository_is_of_no_commit_of_it(team: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "reader.py").write_text("1\n")
    (team.parent / "shared").symlink_to(tmp_path / "elsewhere")
    assert re.fullmatch(r"[0-9a-f]{40}\+[0-9a-f]{8}", code_commit(of(team)))
    assert code_author(of(team)) == ""


def test_a_pipeline_that_is_not_there_takes_nothing_and_one_that_is_none_is_said(team: Path) -> None:
    """A version that was trained before can be deployed without it."""
    workload = of(team)
    pipeline = team.parent / "pipeline.yaml"
    for text, why in (
        ("jobs: {step: {command: train}}\n", "jobs: must be steps, each with a component"),
        ("inputs: {}\n", "jobs: must be steps"),
        ("- step\n", "must be a mapping of keys"),
        ("jobs: [}\n", "is not valid YAML"),
    ):
        pipeline.write_text(text)
        with pytest.raises(Terminal, match=why):
            code_commit(workload)
    pipeline.unlink()
    assert code_commit(workload) == git(team, "rev-parse", "HEAD")


def test_code_of_a_component_from_elsewhere_belongs_to_it_too(team: Path) -> None:
    workload = of(team)
    (team.parent / "step.yaml").write_text("code: ../elsewhere\n")
    (team.parents[1] / "elsewhere").mkdir()
    (team.parents[1] / "elsewhere" / "train.py").write_text("1\n")
    assert re.fullmatch(r"[0-9a-f]{40}\+[0-9a-f]{8}", code_commit(workload))
    assert code_author(workload) == ""

"""What is wrong with a call or a declaration is a sentence, at once: no server is started for it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PLANTS = Path(__file__).parents[2] / "workloads" / "plants"


def demo(home: Path, *words: str, workloads: Path | None = None, command: str = "demo") -> str:
    environment = {"PATH": "/usr/bin:/bin", **({"SIGNALBOX_WORKLOADS": str(workloads)} if workloads else {})}
    typed = [sys.executable, "-m", "deployments.cli", command, "--home", str(home / "home"), *words]
    told = subprocess.run(typed, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert told.returncode == 1, told
    assert "Traceback" not in told.stdout + told.stderr
    assert not (home / "home").exists()
    assert told.stdout == ""
    return told.stderr


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The workloads of somebody else's repository."""
    folder = tmp_path / "workloads"
    shutil.copytree(PLANTS, folder / "pumps", ignore=shutil.ignore_patterns("__pycache__"))
    file = folder / "pumps" / "workload.yaml"
    file.write_text(file.read_text().replace("name: plants\n", "name: pumps\n", 1))
    return folder


def test_a_workload_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    assert "there is no workload 'plant' in" in demo(tmp_path, "--workload", "plant")
    told = demo(tmp_path, "--workload", "plant")
    assert "(did you mean plants?); the workloads there are estimation_engine, flask_app, plants" in told


def test_up_names_a_workload_that_is_not_there_before_it_starts_anything(tmp_path: Path) -> None:
    assert "there is no workload 'plant' in" in demo(tmp_path, "--workload", "plant", command="up")


def test_a_folder_without_workloads_is_named(tmp_path: Path) -> None:
    assert "no folder in it has a workload.yaml" in demo(tmp_path, "--workload", "pumps", workloads=tmp_path)
    assert "there is no such folder" in demo(tmp_path, "--workload", "pumps", workloads=tmp_path / "nowhere")


def test_faults_of_a_declaration_are_said_with_their_lines(own: Path, tmp_path: Path) -> None:
    file = own / "pumps" / "workload.yaml"
    file.write_text(
        file.read_text().replace("mostly: 0.97", "mostly: 97", 1).replace("holdout_days: 28", "holdout_days: 028")
    )
    told = demo(tmp_path, "--workload", "pumps", workloads=own)
    assert "2 faults, nothing was touched" in told
    assert "must be a share from 0 to 1" in told
    assert "training.holdout_days" in told


def test_without_a_data_file_and_a_cutoff_both_ways_are_told(own: Path, tmp_path: Path) -> None:
    (own / "pumps" / "data.py").unlink()
    told = demo(tmp_path, "--workload", "pumps", workloads=own)
    assert "give --cutoff, the last day of your data" in told
    assert "write that file with `cutoffs()`, which returns the days" in told


def test_a_data_file_that_fails_is_named_with_its_line_before_a_server_starts(own: Path, tmp_path: Path) -> None:
    (own / "pumps" / "data.py").write_text("import no_such_pump\n")
    told = demo(tmp_path, "--workload", "pumps", workloads=own)
    assert f"{own / 'pumps' / 'data.py'}:1: ModuleNotFoundError: No module named 'no_such_pump'" in told

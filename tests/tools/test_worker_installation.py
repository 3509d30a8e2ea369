"""What a worker in the cloud installs, for real: the product's pins and the wheel, and nothing of a laptop's."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from set_up import REQUIREMENTS, ROOT, Venv

pytestmark = pytest.mark.slow
FLOWS = """
import sys
from importlib import import_module
for entry in sys.argv[1:]:
    module, _, name = entry.rpartition(".")
    print(getattr(import_module("signalbox." + module), name).name)
"""
SERVED = """
from pathlib import Path
from signalbox.emulator.control_client import Control
from signalbox.emulator.server import Emulator
with Emulator(Path("state"), 0) as emulator:
    print(Control(emulator.url).health()["status"])
"""
TRAINED = (
    "from signalbox.workloads.plants.code.circuit_power.train import build_model; print(build_model(3).steps[-1][0])"
)

Installed = Callable[..., Path]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of this checkout."""
    place = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(place)]
    subprocess.run([*build, str(ROOT)], check=True, timeout=300)
    return next(place.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The programs of a new environment with the pins of these purposes, and the wheel."""
    kept = ROOT / ".venv" / "tools"

    def install(*purposes: str) -> Path:
        venv = Venv(tmp_path_factory.mktemp("venv"))
        venv.create()
        if kept.exists():
            (venv.folder / "tools").symlink_to(kept)  # uv, which the set-up has fetched
        venv.install(*(REQUIREMENTS / f"{purpose}.txt" for purpose in purposes))
        subprocess.run([*venv.pip, "install", "--quiet", "--no-deps", str(wheel)], check=True)
        return venv.python.parent

    return install


def said(program: Path, *words: str, place: Path, code: int = 0) -> str:
    """What a program printed, all of it, in a folder where no checkout is."""
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"COLUMNS": "200"}
    done = subprocess.run(
        [program, *words], cwd=place, env=variables, capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_worker_has_the_product_and_nothing_of_a_laptop(installed: Installed, tmp_path: Path) -> None:
    programs = installed("product")
    python = programs / "python"
    deployed = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    flows = said(python, "-c", FLOWS, *(one["entrypoint"] for one in deployed), place=tmp_path)
    assert flows.split() == [one["name"] for one in deployed]
    assert "deploy-version" in said(programs / "signalbox", "--help", place=tmp_path)
    for absent in ("sklearn", "joblib", "flask", "trustme"):
        assert "ModuleNotFoundError" in said(python, "-c", f"import {absent}", place=tmp_path, code=1)
    assert said(python, "-m", "pip", "check", place=tmp_path).strip() == "No broken requirements found."
    refused = said(programs / "signalbox", "up", place=tmp_path, code=1)
    assert "emulator needs httptools, trustme, uvloop. Install signalbox[emulator]" in refused
    refused = said(programs / "signalbox", "demo", place=tmp_path, code=1)
    assert "plants needs joblib, scikit-learn. Install signalbox[emulator,plants]" in refused
    refused = said(python, "-m", "signalbox.emulator", place=tmp_path, code=1)
    assert refused.startswith("The emulator cannot start without ")
    assert refused.rstrip().endswith("install signalbox[emulator].")
    assert list(tmp_path.iterdir()) == []


def test_a_laptop_has_the_emulator_and_what_its_workload_trains_with(installed: Installed, tmp_path: Path) -> None:
    python = installed("product", "emulator", "plants") / "python"
    assert said(python, "-c", SERVED, place=tmp_path).split() == ["ok"]
    assert said(python, "-c", TRAINED, place=tmp_path).split() == ["trees"]
    check = "from signalbox.deployments.laptop.libraries import check_libraries; check_libraries('emulator', 'plants')"
    assert said(python, "-c", check, place=tmp_path) == ""
    assert said(python, "-m", "pip", "check", place=tmp_path).strip() == "No broken requirements found."

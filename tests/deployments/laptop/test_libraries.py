"""Without the laptop's libraries `signalbox up` and `signalbox demo` start nothing, and say what to install."""

from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deployments.cli import app
from deployments.commands import up as up_command
from deployments.laptop import libraries
from deployments.laptop.laptop import Laptop
from deployments.laptop.libraries import check_libraries, missing_libraries
from deployments.laptop.processes import StartError
from domain.errors import Terminal


def without(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """As if these were not installed."""
    installed = libraries.distribution

    def distribution(name: str) -> object:
        if name in names:
            raise PackageNotFoundError(name)
        return installed(name)

    monkeypatch.setattr(libraries, "distribution", distribution)


def test_nothing_is_missing_where_a_developer_set_up() -> None:
    check_libraries("emulator", "plants", "estimation_engine", "flask_app")


def test_what_is_missing_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "trustme", "scikit-learn", "joblib", "pandas")
    assert missing_libraries("emulator") == ["trustme"]
    assert missing_libraries("flask_app") == ["joblib", "scikit-learn"]
    with pytest.raises(Terminal, match=r"emulator needs trustme; flask_app needs joblib, scikit-learn. Install signal"):
        check_libraries("emulator", "flask_app")
    with pytest.raises(Terminal, match=r"Install signalbox\[flask-app\], or run `make setup` in a checkout"):
        check_libraries("flask_app")


def test_of_a_workload_of_ones_own_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "scikit-learn", "joblib")
    check_libraries("emulator", "pumps")


@pytest.mark.parametrize("command", [["up"], ["demo"]])
def test_without_the_emulator_nothing_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    without(monkeypatch, "trustme", "uvloop")
    done = CliRunner().invoke(app, [*command, "--home", str(tmp_path / "home")])
    assert done.exit_code == 1
    assert "emulator needs trustme, uvloop. Install signalbox[emulator]" in done.output
    assert not (tmp_path / "home").exists()


def test_up_goes_on_without_the_libraries_of_its_own_workload_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, "scikit-learn")

    def started(self: Laptop) -> Laptop:
        raise StartError("it has come so far")

    monkeypatch.setattr(up_command.Laptop, "__enter__", started)
    done = CliRunner().invoke(app, ["up", "--home", str(tmp_path)])
    assert "plants cannot be trained here without scikit-learn: install signalbox[plants]" in done.output
    assert "it has come so far" in done.output


def test_demo_wants_what_its_workload_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "scikit-learn")
    done = CliRunner().invoke(app, ["demo", "--workload", "estimation_engine", "--home", str(tmp_path / "home")])
    assert done.exit_code == 1
    assert "Install signalbox[estimation-engine]" in done.output
    assert not (tmp_path / "home").exists()

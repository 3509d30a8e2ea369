"""Commands that are advised are typed as they are advised."""

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import messages
import pytest
import typer.main

from deployments.advice import HOME, as_typed, work_in
from deployments.cli import app

COMMANDS: dict[str, Any] = getattr(typer.main.get_command(app), "commands", {})
OWN = Path(sys.executable).with_name("signalbox")


@pytest.fixture(autouse=True)
def home_of_others() -> Iterator[None]:
    work_in(HOME)
    yield
    work_in(HOME)


def test_a_shell_that_finds_it_is_told_its_bare_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(OWN.parent), prepend=":")
    assert as_typed("see `signalbox status` and `python -m x`") == "see `signalbox status` and `python -m x`"


def test_a_shell_that_finds_none_or_another_is_told_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(OWN.parents[2])
    here = OWN.relative_to(Path.cwd())
    monkeypatch.setenv("PATH", str(tmp_path))
    assert as_typed("see `signalbox status`") == f"see `{here} status`"
    (tmp_path / "signalbox").write_text("#!/bin/sh\n")
    (tmp_path / "signalbox").chmod(0o755)
    assert as_typed("see `signalbox status`") == f"see `{here} status`"
    assert as_typed("`python -m deployments.bootstrap laptop`").startswith(f"`{here.parent}/python -m")
    monkeypatch.chdir(tmp_path)
    assert as_typed("see `signalbox status`") == f"see `{shlex.quote(str(OWN))} status`"


def test_it_is_about_the_folder_that_was_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(OWN.parent))
    work_in(Path("my folder"))
    assert as_typed("`signalbox up`, `python -m x`") == "`signalbox up --home 'my folder'`, `python -m x`"
    assert as_typed("`signalbox up --home x`") == "`signalbox up --home x`"
    work_in(HOME)
    assert as_typed("`signalbox up`") == "`signalbox up`"


def test_nothing_else_is_touched() -> None:
    text = "`signalboxes` signalbox up `az ml` `the python` ```"
    assert as_typed(text) == text


def advised() -> list[str]:
    """Every command that a message names; `{…}` stands for what is filled in."""
    return sorted(set(re.findall(r"`(signalbox [^`]+)`", messages.page())))


def fault_of(command: str, gap: list[str]) -> str:
    """Why it cannot be typed so, with this in place of each gap that is a word of its own; empty when it can."""
    _, name, *words = shlex.split(command)
    filled = [one for word in words for one in (gap if word == "{…}" else [word])]
    known = COMMANDS[name]
    try:
        known.make_context(name, filled)
    except Exception as error:  # noqa: BLE001  # typer's own, by whichever parser it ships
        return str(error) or type(error).__name__
    return ""


@pytest.mark.parametrize("command", advised())
def test_a_command_that_a_message_names_can_be_typed_so(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With every argument and option that it needs; a name in capitals stands for the user's own. A gap is a name, or options."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "FILE").touch()
    faults = [fault_of(command, gap) for gap in (["20260102.1"], [])]
    assert "" in faults, faults


@pytest.mark.parametrize(
    "command", ["signalbox unhold {…}", "signalbox deploy-version", "signalbox status --moon", "signalbox enrol"]
)
def test_a_command_that_cannot_be_typed_is_found(command: str) -> None:
    assert fault_of(command, ["20260102.1"])

"""A command's terminal shows what warns, and --verbose all; the log that the run keeps is whole either way."""

import logging
import os
import subprocess
import sys
import time

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName, LogFilter, LogFilterFlowRunId
from typer.testing import CliRunner

from blocks.clients.sdk_noise import VERBOSE
from deployments import verbosity
from deployments.cli import app
from domain.errors import Terminal

WHAT = "signalbox-verbosity-test"


def is_wanted(level: int, text: str, name: str = "prefect.flow_runs", error: bool = False) -> bool:
    raised = (ValueError, ValueError("a fault"), None) if error else None
    return verbosity._is_wanted(logging.LogRecord(name, level, "here", 1, text, (), raised))


def test_what_only_informs_is_left_out_and_what_warns_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VERBOSE, raising=False)
    assert not is_wanted(logging.INFO, "Beginning flow run")
    assert is_wanted(logging.WARNING, "Production-Approval does not accept an answer")
    assert is_wanted(logging.ERROR, "HAUTEBORNE/R80711 stops here, the others go on", "prefect.task_runs")


def test_the_end_that_the_command_tells_itself_is_not_told_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VERBOSE, raising=False)
    ended = f"Encountered exception during execution: {Terminal('no')!r}"
    assert not is_wanted(logging.ERROR, ended)
    assert not is_wanted(logging.ERROR, "Finished in state Failed('no')")
    assert is_wanted(logging.ERROR, ended, error=True)  # a fault that nobody foresaw comes with its traceback
    assert is_wanted(logging.ERROR, ended, name="prefect.task_runs")
    assert not is_wanted(logging.ERROR, "Task run failed with state: Failed('no')", name="prefect.task_runs")
    assert not is_wanted(logging.ERROR, "Crash detected! Execution was aborted by an interrupt signal.")
    assert not is_wanted(logging.WARNING, "Still processing items: 1 items remaining...", "prefect.events")


def test_verbose_leaves_nothing_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VERBOSE, "1")
    assert is_wanted(logging.DEBUG, "anything")
    assert is_wanted(logging.ERROR, "Finished in state Failed('no')")


@pytest.mark.parametrize(("words", "there"), [(["--verbose"], "1"), ([], None)])
def test_processes_that_a_command_starts_are_as_verbose_as_it_is(
    words: list[str], there: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VERBOSE, raising=False)
    seen: list[str | None] = []
    monkeypatch.setattr(verbosity.os, "environ", dict(os.environ))
    monkeypatch.setattr("deployments.commands.demo._check", lambda *_: seen.append(os.environ.get(VERBOSE)))
    monkeypatch.setattr("deployments.commands.demo.Laptop.__enter__", lambda _: (_ for _ in ()).throw(Terminal("no")))
    CliRunner().invoke(app, [*words, "demo"])
    assert seen == [there]


@pytest.mark.parametrize("verbose", [False, True])
def test_a_command_that_carries_a_run_prints_no_line_of_its_log_and_the_server_keeps_them(
    laptop: object, verbose: bool
) -> None:
    workload = f"{WHAT}-{'loud' if verbose else 'quiet'}-{os.getpid()}"
    command = [sys.executable, "-m", "deployments.cli", *["--verbose"] * verbose, "rollback"]
    told = subprocess.run(
        [*command, "--workload", workload],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    printed = told.stdout + told.stderr
    assert told.returncode == 1, printed
    assert f"there is no workload {workload!r}" in " ".join(printed.split())
    assert ("Beginning flow run" in printed) == verbose
    assert (" | ERROR " in printed) == verbose
    kept = logged(workload)
    assert "Beginning flow run" in kept
    assert "Encountered exception during execution: " in kept
    assert "Finished in state Failed" in kept


def logged(workload: str) -> str:
    """What the server has of the log of the run that names the workload; lines come a moment later."""
    with get_client(sync_client=True) as client:
        named = FlowRunFilter(name=FlowRunFilterName(like_=workload))
        deadline = time.monotonic() + 60
        while True:
            (run,) = client.read_flow_runs(flow_run_filter=named)
            lines = client.read_logs(LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run.id])))
            text = "\n".join(line.message for line in lines)
            if "Finished in state" in text or time.monotonic() > deadline:
                return text
            time.sleep(0.5)

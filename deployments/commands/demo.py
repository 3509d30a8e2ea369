"""`signalbox demo`: the whole path on this machine, from raw data to production, with its gates."""

import gc
import sys
from collections.abc import Iterable
from datetime import date
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Annotated

import typer

from deployments.advice import work_in
from deployments.flow_ending import reason_of
from deployments.laptop.data_file import cutoffs
from deployments.laptop.laptop import Laptop
from deployments.laptop.libraries import check_libraries
from deployments.laptop.processes import free_port, termination_as_interrupt
from deployments.screen import aside, console
from deployments.steps import Steps
from deployments.verbosity import quiet_prefect
from domain.errors import SignalboxError, Terminal
from emulator.control_client import Control

if TYPE_CHECKING:
    from deployments.approval.demo_approver import SigningApprover

IMPORTED = (
    "deployments.laptop.prepare",
    "deployments.approval.prompts",
    "flows.extract_prepare",
    "flows.train_register",
    "flows.release",
    "azure.ai.ml",
)
"""What the steps need and takes seconds; imported while the servers start."""
LATER = ("great_expectations", "matplotlib.figure", "matplotlib.backends.backend_svg")
"""What is needed once the first jobs have ended, and takes as long as all the others; imported meanwhile."""


def demo(
    cutoff: Annotated[
        str, typer.Option(help="Last day of data, such as 2014-06-30; the next quarter when left out.")
    ] = "",
    home: Annotated[Path, typer.Option(file_okay=False, help="Data and logs, kept between runs.")] = Path(".signalbox"),
    workload: Annotated[str, typer.Option(help="The workload to release.")] = "plants",
    older: Annotated[
        bool,
        typer.Option("--older", help="Release models even if their data is older than that of the models that serve."),
    ] = False,
) -> None:
    """Take a workload from raw data to production on this machine; asks at each gate, or decides as the demo approver."""
    try:
        chosen = date.fromisoformat(cutoff) if cutoff else None
    except ValueError as error:
        raise typer.BadParameter(f"{cutoff!r} is not a day; write it as 2014-06-30", param_hint="--cutoff") from error
    work_in(home)
    steps = Steps(console)
    try:
        _check(workload, chosen)
        with termination_as_interrupt():
            with steps.step("start the emulator and the Prefect server"):
                laptop = Laptop(home, api_port=free_port(), emulator_port=free_port(), meanwhile=_import)
                laptop.__enter__()
            try:
                Control(f"http://127.0.0.1:{laptop.emulator_port}").warm_start()  # the jobs come next
                console.print(f"  Prefect UI {laptop.ui_url}   logs {laptop.home / 'logs'}")
                console.print(f"  where the UI asks for a password, paste all of {laptop.password.get_secret_value()}")
                _carry(steps, laptop.home, workload, chosen, older)
            finally:
                laptop.__exit__(None, None, None)
    except SignalboxError as error:
        aside.print(str(error), style="red")
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        console.print("stopped; run it again to continue")
        raise typer.Exit(130) from None
    console.print(steps.table())
    console.print(
        f"To look at the result: `signalbox up`, and in another terminal `signalbox status --workload {workload}`."
    )


def _check(name: str, cutoff: date | None) -> None:
    """What is wrong with the call or the declaration is said before a server starts. Imports nothing of Prefect."""
    from tasks.workloads import declared_workload

    workload = declared_workload(name)
    check_libraries("emulator", name)
    if cutoff is None:
        cutoffs(workload)


def _import() -> None:
    """Prefect reads its settings when it is imported, so the laptop's must be in force."""
    gc.disable()  # half a million objects that stay: the collector would look through them again and again
    try:
        quiet_prefect()
        _import_all(IMPORTED)
    finally:
        gc.freeze()
        gc.enable()
    Thread(target=_import_all, args=(LATER,), daemon=True).start()


def _import_all(modules: Iterable[str]) -> None:
    for module in modules:
        import_module(module)


def _carry(steps: Steps, home: Path, name: str, cutoff: date | None, older: bool) -> None:
    """The main job. What it imports is there since `_import`."""
    with steps.step("register blocks, create workspaces, upload data"):
        from deployments.laptop.data import missing_data
        from deployments.laptop.prepare import demo_approver, prepare

        workload = prepare(home, name, lambda line: console.print(f"  {line}"))
        if missing := missing_data(workload):
            raise Terminal(" ".join(missing))
        signer = demo_approver(home)
    from deployments.laptop.reachable_stages import reachable_stages
    from flows.extract_prepare import extract_prepare
    from flows.train_register import train_register

    workload, missing = reachable_stages(workload)
    for fault in missing:
        console.print(f"  left out here: {fault}", style="yellow")
    last = workload.stages[-1].name
    day = cutoff or _next_cutoff(workload)
    with steps.carrying(f"extract and prepare, data up to {day}"):
        prepared = extract_prepare(name, day)
        for one in prepared:
            note = one.note and f" ({one.note})"
            console.print(f"  {one.unit}: {one.rows} rows valid, {one.asset}{note}")
    with steps.carrying("train, evaluate, register"):
        changed = train_register(name, day, [str(one.unit) for one in prepared], last)
    if changed is None:
        console.print("No circuit has a better candidate than its champion: nothing to release. This is a normal end.")
        return
    with steps.carrying(f"release: {', '.join(stage.name for stage in workload.stages)}"):
        _release(steps, signer, name, changed.build_id, last, older)
    for fault in missing:
        console.print(f"Here it ends at {last}, though more stages follow: {fault}", style="yellow")


def _next_cutoff(workload: "object") -> date:
    from domain.declaration.workload import Workload
    from tasks.platforms import platform_of
    from tasks.targets.serving import deployment_serving
    from tasks.workloads import production_of

    if not isinstance(workload, Workload):
        raise TypeError("a workload is needed")
    production = platform_of(workload, production_of(workload))
    served = [deployment_serving(production, unit) for unit in workload.units]
    days = [date.fromisoformat(one.tags["cutoff_date"]) for one in served if one is not None]
    known = cutoffs(workload)
    return next((day for day in known if not days or day > max(days)), known[-1])


def _release(steps: Steps, signer: "SigningApprover", workload: str, build: str, last: str, older: bool) -> None:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import ArtifactCollectionFilter, ArtifactCollectionFilterKey

    from deployments.approval.form_client import Approver, own_runs
    from deployments.approval.prompts import at_terminal
    from deployments.approval.prompts import demo as demo_decider
    from flows.release import release

    asked = sys.stdin.isatty() and sys.stdout.isatty()
    decide = at_terminal(console, signer) if asked else demo_decider(signer, console)
    with own_runs() as tag, Approver(steps.held_for(decide), poll_seconds=0.3, tag=tag):
        state = release(workload, build, "demo", last, older, return_state=True)
    if not state.is_completed():
        raise Terminal(f"the release ended {state.name}: {reason_of(state)}")
    with get_client(sync_client=True) as client:
        newest = client.read_latest_artifacts(
            artifact_filter=ArtifactCollectionFilter(key=ArtifactCollectionFilterKey(any_=[f"summary-{last}"]))
        )
    for summary in newest:
        console.print(str(summary.data).strip("`\n"))
    console.print(f"{state.name}: {reason_of(state)}", style="bold green")

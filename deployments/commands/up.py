"""`signalbox up`: everything on this machine, until Ctrl-C."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from deployments.advice import work_in
from deployments.laptop.laptop import Laptop
from deployments.laptop.libraries import check_libraries, missing_libraries
from deployments.laptop.processes import StartError, termination_as_interrupt
from deployments.screen import aside, console
from deployments.verbosity import quiet_prefect
from domain.errors import SignalboxError
from domain.text import listed

ROOT = Path(__file__).parents[2]
SHOWN_LINES = 30


def up(
    api_port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the Prefect server and its UI.")] = 4200,
    emulator_port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the Azure emulator.")] = 8400,
    home: Annotated[Path, typer.Option(file_okay=False, help="Data and logs, kept between runs.")] = Path(".signalbox"),
    workload: Annotated[str, typer.Option(help="The workload whose data is put in place.")] = "plants",
) -> None:
    """Start emulator, server and worker here, deploy every flow, and wait; Ctrl-C stops all of it."""
    work_in(home)
    laptop = Laptop(home, api_port=api_port, emulator_port=emulator_port, worker=True, meanwhile=_import)
    try:
        from tasks.workloads import declared_workload

        declared_workload(workload)  # what is wrong with it is said before a server starts
        check_libraries("emulator")
        if missing := missing_libraries(workload):
            said = f"{workload} cannot be trained here without {listed(missing)}: install signalbox[{workload}]"
            console.print(said, style="yellow")
        with termination_as_interrupt():
            console.print("starting the emulator, the Prefect server and a worker …")
            with laptop:
                prepare_here(laptop, workload)
                deploy(laptop)
                console.print(welcome(laptop))
                wait(laptop)
    except SignalboxError as error:
        aside.print(str(error), style="red")
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        console.print("everything that was started has been stopped")
        raise typer.Exit(130) from None
    finally:
        laptop.stop()  # an interrupt on the very edge of the with block


def _import() -> None:
    """What `prepare_here` needs; Prefect, which takes two seconds to import, reads its settings then."""
    quiet_prefect()
    import deployments.laptop.prepare  # noqa: F401  # imported for its time, not for its names


def prepare_here(laptop: Laptop, workload: str) -> None:
    """Blocks, workspaces and data, so that the first run finds what it needs."""
    from deployments.laptop.prepare import demo_approver, prepare

    prepare(laptop.home, workload, console.print)
    approver = demo_approver(laptop.home)
    console.print(f"{approver.name} is enrolled with the SSH key {approver.key}")


def deploy(laptop: Laptop) -> None:
    """`prefect deploy --all`; StartError shows the end of what it printed."""
    console.print("deploying the flows …")
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all", "--prefect-file", "prefect.yaml"]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=laptop.full_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        end = "\n".join(done.stdout.splitlines()[-SHOWN_LINES:])
        raise StartError(
            f"`prefect deploy --all` ended with code {done.returncode}; the end of what it printed:\n{end}"
        )


def welcome(laptop: Laptop) -> str:
    """Where things are and what to do next."""
    return (
        f"\nSignalbox is up.\n"
        f"  Prefect UI   {laptop.ui_url}\n"
        f"  emulator     {laptop.emulator_url}/health\n"
        f"  logs         {laptop.home / 'logs'}\n\n"
        f"Next: open {laptop.ui_url} and, where it asks for a password, paste all of {laptop.password.get_secret_value()}\n"
        f"(once in each browser, before you follow a link to a run). Then run extract-prepare; training and the release follow\n"
        f"by themselves, and a release that waits for a decision shows its form on its run's page.\n"
        f"To approve you must be enrolled: `signalbox enrol ada --code` shows a QR code for your authenticator.\n"
        f"Ctrl-C stops everything; the data stays in {laptop.home}."
    )


def wait(laptop: Laptop) -> None:
    """Until interrupted; StartError when something that should keep running ends by itself."""
    while (ended := laptop.processes.ended()) is None:
        time.sleep(1)
    raise StartError(
        f"{ended.name} ended with code {ended.process.returncode}; the end of {ended.log}:\n{ended.tail()}\n"
        "Everything else was stopped; start again with `signalbox up`."
    )

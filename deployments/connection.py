"""How a command of its own terminal reaches the server and Azure: the running laptop's, or what the environment names."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deployments.laptop import Laptop
from deployments.local_http import answers
from domain.errors import SignalboxError, Terminal

Home = Annotated[Path, typer.Option(file_okay=False, help="Where a running `signalbox up` keeps its data.")]
ApiPort = Annotated[int, typer.Option(min=1, max=65535, help="Port of a running laptop's Prefect server.")]
EmulatorPort = Annotated[int, typer.Option(min=1, max=65535, help="Port of a running laptop's emulator.")]

console = Console()


@contextmanager
def errors_told() -> Iterator[None]:
    """Errors of Signalbox become one message and exit code 1."""
    try:
        yield
    except SignalboxError as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None


@contextmanager
def connected(home: Path, api_port: int, emulator_port: int) -> Iterator[None]:
    """Work with a running laptop, or with PREFECT_API_URL where that is set; errors become one message and exit code 1."""
    with errors_told():
        if not os.environ.get("PREFECT_API_URL"):
            laptop = Laptop(home, api_port=api_port, emulator_port=emulator_port)
            silent = [
                f"{what} at port {port}"
                for what, port, path in (
                    ("the Prefect server", api_port, "/api/health"),
                    ("the emulator", emulator_port, "/_emulator/health"),
                )
                if not answers(port, path)
            ]
            if silent:
                raise Terminal(
                    f"{' and '.join(silent)} did not answer. Start them with `signalbox up`, "
                    "or set PREFECT_API_URL to a server of yours."
                )
            laptop.apply()
        yield


def table(*headers: str) -> Table:
    """A table whose names are folded, never cut: people copy them."""
    made = Table()
    for header in headers:
        made.add_column(header, overflow="fold")
    return made

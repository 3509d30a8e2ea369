"""How a command of its own terminal reaches the server and Azure: the running laptop's, or what the environment names."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from deployments.advice import work_in
from deployments.laptop.laptop import Laptop
from deployments.laptop.local_http import answers
from deployments.laptop.lock import Running, running_in
from deployments.laptop.password import FILE
from deployments.screen import aside
from deployments.verbosity import quiet_prefect
from domain.errors import SignalboxError, Terminal

Home = Annotated[Path, typer.Option(file_okay=False, help="Where a running `signalbox up` keeps its data.")]
ApiPort = Annotated[
    int | None,
    typer.Option(min=1, max=65535, help="Port of the folder's Prefect server; found by itself when left out."),
]
EmulatorPort = Annotated[
    int | None, typer.Option(min=1, max=65535, help="Port of the folder's emulator; found by itself when left out.")
]


UNREACHED = "Failed to reach API"
"""How Prefect's own flow engine begins to say that the server does not answer."""
ASK_FOR_ACCESS = "Set PREFECT_API_AUTH_STRING, or PREFECT_API_KEY, to what its administrators gave you"


@contextmanager
def errors_told() -> Iterator[None]:
    """Errors of Signalbox become one message on standard error and exit code 1."""
    try:
        yield
    except SignalboxError as error:
        aside.print(str(error), style="red")
        raise typer.Exit(1) from None


@contextmanager
def connected(home: Path, api_port: int | None, emulator_port: int | None) -> Iterator[None]:
    """Work with the laptop that runs in the folder, or with PREFECT_API_URL where that is set; errors become one message and exit
    code 1, a server that does not answer among them. What answers at a port is never asked because it answers: it may be another folder's."""
    work_in(home)
    refused = ASK_FOR_ACCESS
    with errors_told():
        if not os.environ.get("PREFECT_API_URL"):
            running = _running(home)
            for what, wanted, own in (
                ("Prefect server", api_port, running.api_port),
                ("emulator", emulator_port, running.emulator_port),
            ):
                if wanted not in (None, own):
                    raise Terminal(
                        f"what answers at port {wanted} is not the {what} of this folder: that of {home.resolve()} answers at port "
                        f"{own}. Leave the port out, or name the other folder with --home."
                    )
            Laptop(home, api_port=running.api_port, emulator_port=running.emulator_port).apply()
            refused = (
                f"The password in {home.resolve() / FILE} is not the one that this server was started with: end what runs in the folder, "
                "then start it again with `signalbox up`"
            )
        quiet_prefect()
        with _server_errors(refused):
            _ask_server()
        with _server_errors(refused, "What was under way may be half done; the same command, run again, finishes it. "):
            yield


@contextmanager
def _server_errors(refused: str, began: str = "") -> Iterator[None]:
    """What goes wrong between here and the Prefect server, in a sentence. refused: what to do where it lets nobody in without a right
    password. began: what may be half done by then."""
    from httpx import HTTPError, HTTPStatusError  # takes a while to import, and Prefect needs it anyway

    server = f"the Prefect server at {os.environ['PREFECT_API_URL']}"
    try:
        yield
    except HTTPStatusError as error:
        status = error.response.status_code
        advice = (
            refused
            if status in (401, 403)
            else "Look at its log, and check that PREFECT_API_URL names a Prefect server, with /api at its end"
        )
        raise Terminal(f"{server} answered {status} to {error.request.url.path}. {began}{advice}.") from error
    except (HTTPError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not str(error).startswith(UNREACHED):
            raise
        raise Terminal(
            f"{server} could not be reached ({str(error).strip()}). {began}Check that it is running and that PREFECT_API_URL names it."
        ) from error


def _ask_server() -> None:
    """Terminal where what answers is no Prefect server, before anything is begun there."""
    from prefect.client.orchestration import get_client

    try:
        with get_client(sync_client=True) as client:
            counted = client.request("POST", "/flow_runs/count", json={}).json()
    except (ValueError, TypeError):  # of Prefect's client, which asks for a token first and reads what it gets
        counted = None
    if not isinstance(counted, int):
        raise Terminal(
            f"what answers at {os.environ['PREFECT_API_URL']} is no Prefect server. Is there a proxy in between that wants you to sign "
            "in? Check PREFECT_API_URL."
        )


def _running(home: Path) -> Running:
    running = running_in(home)
    if running is None:
        raise Terminal(
            f"no Signalbox is running in {home.resolve()}. Start it with `signalbox up`, name the folder of a running one with --home, "
            "or set PREFECT_API_URL to your server."
        )
    silent = [
        f"the {what} at port {port}"
        for what, port, path in (
            ("Prefect server", running.api_port, "/api/health"),
            ("emulator", running.emulator_port, "/_emulator/health"),
        )
        if not answers(port, path)
    ]
    if silent:
        raise Terminal(
            f"Signalbox is running in {home.resolve()} as process {running.pid}, but {' and '.join(silent)} did not answer; read its logs "
            "there, or start it again."
        )
    return running

"""The `signalbox` command."""

import atexit
import gc
from typing import Annotated

import typer

from blocks.clients.sdk_noise import VERBOSE
from deployments.commands.approve import approve
from deployments.commands.audit import audit
from deployments.commands.demo import demo
from deployments.commands.deploy_version import deploy_version
from deployments.commands.doctor import doctor
from deployments.commands.enrol import enrol
from deployments.commands.extend import extend
from deployments.commands.models import models
from deployments.commands.report import report
from deployments.commands.rollback import rollback
from deployments.commands.status import status
from deployments.commands.take_over import take_over
from deployments.commands.unhold import unhold
from deployments.commands.up import up
from deployments.commands.why import why
from deployments.verbosity import set_verbose

app = typer.Typer(
    name="signalbox",
    help="Model release trains for Azure ML, on Prefect.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # locals hold secrets
)


@app.callback()
def signalbox(
    verbose: Annotated[
        bool, typer.Option("--verbose", envvar=VERBOSE, help="Also print everything that Prefect and the SDKs log.")
    ] = False,
) -> None:
    """Model release trains for Azure ML, on Prefect."""
    set_verbose(verbose)
    atexit.register(gc.freeze)  # else the interpreter's last act is to look through half a million objects, for 2 s


app.command()(up)
app.command()(demo)
app.command()(models)
app.command()(status)
app.command()(enrol)
app.command()(approve)
app.command()(report)
app.command()(why)
app.command()(audit)
app.command()(doctor)
app.command()(rollback)
app.command()(unhold)
app.command()(deploy_version)
app.command()(extend)
app.command()(take_over)

if __name__ == "__main__":
    app()

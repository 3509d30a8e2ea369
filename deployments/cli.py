"""The `signalbox` command."""

import typer

from deployments.commands.demo import demo
from deployments.commands.up import up

app = typer.Typer(
    name="signalbox",
    help="Model release trains for Azure ML, on Prefect.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # locals hold secrets
)


@app.callback()
def signalbox() -> None:
    """Model release trains for Azure ML, on Prefect."""


app.command()(up)
app.command()(demo)

if __name__ == "__main__":
    app()

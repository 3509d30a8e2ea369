"""An answer, for whoever asked: a person, or with --json another program. The one place where that is decided."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.console import RenderableType

from deployments.screen import console

Json = Annotated[
    bool,
    typer.Option(
        "--json",
        help="Print one JSON document and nothing else on stdout, with all rows. Errors go to stderr, as always.",
    ),
]


@dataclass(frozen=True)
class CommandAnswer:
    """document: keys in the words of CONTRIBUTING.md, times in UTC; they stay as they are. shown: the same for a person."""

    document: Mapping[str, object]
    shown: tuple[RenderableType, ...]


def tell(answer: CommandAnswer, as_json: bool) -> None:
    """Print it on standard output."""
    if not as_json:
        for part in answer.shown:
            console.print(part)
        return
    from pydantic_core import to_jsonable_python

    text = json.dumps(to_jsonable_python(answer.document), indent=2)  # ASCII: what does not print stays, as an escape
    console.print(text, soft_wrap=True, highlight=False, emoji=False)

"""What runs show in the Prefect UI: texts from outside say what they say there, and nothing more."""

from collections.abc import Mapping, Sequence
from typing import Any

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from domain.shown import shown, shown_lines


def show_table(rows: Sequence[Mapping[str, Any]], key: str, description: str) -> None:
    """A table artifact: a line a row."""
    cells = [
        {shown(name): shown(cell) if isinstance(cell, str) else cell for name, cell in row.items()} for row in rows
    ]
    create_table_artifact(cells, key=key, description=shown(description))


def show_page(markdown: str, key: str, description: str) -> None:
    """A markdown artifact."""
    create_markdown_artifact(shown_lines(markdown), key=key, description=shown(description))

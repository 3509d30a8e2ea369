"""The answer of `signalbox rollback`: what is switched to what."""

from collections.abc import Mapping, Sequence

from deployments.answers.answer import CommandAnswer
from deployments.table import Table

COLUMNS = ("circuit", "endpoint", "from", "to")


def rollback_answer(workload: str, stage: str, rows: Sequence[Mapping[str, str]], done: bool) -> CommandAnswer:
    """rows: of the plan. done: whether it was carried out."""
    document = {
        "workload": workload,
        "stage": stage,
        "done": done and bool(rows),
        "circuits": [{column: row[column] for column in COLUMNS} for row in rows],
    }
    if not rows:
        nothing = "nothing to do: everything is already rolled back; to roll back further, name the release that serves now with --release"
        return CommandAnswer(document, (nothing,))
    table = Table(*COLUMNS)
    for row in rows:
        table.add_row(*(row[column] for column in COLUMNS))
    end = (
        "done, and every default was read back"
        if done
        else "this is the plan, and nothing was changed; run the same command with --yes to do it"
    )
    return CommandAnswer(document, (table, end))

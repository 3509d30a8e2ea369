"""The answer of `signalbox status`: counts, what needs somebody, a line for each stage, circuits, the newest releases."""

from collections.abc import Sequence
from dataclasses import asdict

from rich.console import RenderableType

from deployments.answers.answer import CommandAnswer
from deployments.answers.needs import (
    needs_document,
    needs_table,
    release_counts,
    release_document,
    release_needs,
    stage_needs,
)
from deployments.table import Table
from domain.promotion.release_state import ReleaseState, needing_somebody
from domain.rollout.served import Served, StageServed
from domain.text import counted
from domain.utc import utc_text

MOST_ROWS = 20
"""More circuits than these are summed up, and only those that nothing serves are listed."""
NEWEST = 5
"""Releases that are listed beside those that need somebody."""
MOST_RELEASES = 3
"""Named in the line of a stage."""


def status_answer(
    workload: str, stages: Sequence[StageServed], states: Sequence[ReleaseState], every: bool = False
) -> CommandAnswer:
    """What serves, and how releases stand. states: newest first. every: list all circuits, however many."""
    needs = (*release_needs(workload, states), *stage_needs(workload, stages))
    rows = [(one.stage, served) for one in stages for served in one.circuits]
    nothing = sum(len(one.nothing) for one in stages)
    circuits = len({served.circuit for _, served in rows})
    counts = (
        f"{workload}: {counted(circuits, 'circuit')} at {counted(len(stages), 'stage')} that can serve; nothing serves {nothing} of {len(rows)}; "
        f"{release_counts(states)}"
    )
    shown = (
        rows if every or len(rows) <= MOST_ROWS else [(stage, one) for stage, one in rows if not one.well][:MOST_ROWS]
    )
    left = len(rows) - len(shown)
    more = f"{counted(left, 'more row')} not listed: `signalbox status --workload {workload} --all` lists every circuit"
    parts: list[RenderableType] = [
        f"{counts}\n",
        *_followed(needs_table(needs), bool(needs)),
        *_followed(_stages(stages), bool(stages)),
        *_followed(_circuits(shown), bool(shown)),
        *([f"{more}\n"] if left else []),
        _releases(states),
    ]
    document = {
        "workload": workload,
        "needs_somebody": needs_document(needs),
        "stages": [
            {
                "stage": one.stage,
                "circuits": len(one.circuits),
                "serving_nothing": len(one.nothing),
                "releases": one.releases,
                "fault": one.fault or None,
            }
            for one in stages
        ],
        "circuits": [
            {"stage": stage} | {name: value or None for name, value in asdict(served).items()} for stage, served in rows
        ],
        "releases": [release_document(state) for state in states],
    }
    return CommandAnswer(document, tuple(parts))


def _followed(table: Table, there: bool) -> list[RenderableType]:
    """With an empty line after it."""
    return [table, ""] if there else []


def _stages(stages: Sequence[StageServed]) -> Table:
    table = Table("stage", "circuits", "nothing serves", "releases that serve")
    for one in stages:
        named = list(one.releases.items())
        said = [f"{release} ({count})" for release, count in named[:MOST_RELEASES]]
        more = len(named) - MOST_RELEASES
        releases = ", ".join([*said, *([f"and {more} more"] if more > 0 else [])])
        if one.fault:
            table.add_row(one.stage, "?", "?", "cannot be read", style="red")
        else:
            table.add_row(one.stage, len(one.circuits), len(one.nothing), releases)
    return table


def _circuits(rows: Sequence[tuple[str, Served]]) -> Table:
    table = Table("stage", "circuit", "model version", "deployment", "cutoff date", "deployed at")
    for stage, one in rows:
        version = f"{one.model}:{one.version}" if one.deployment else "nothing serves"
        style = "" if one.well else "red"
        table.add_row(stage, one.circuit, version, one.deployment, one.cutoff_date, one.deployed_at, style=style)
    return table


def _releases(states: Sequence[ReleaseState]) -> Table:
    needing = {state.release for state in needing_somebody(states)}
    table = Table("release", "state", "last fact", "at", "stage")
    for at, state in enumerate(states):
        if at < NEWEST or state.release in needing or state.held:
            moment = utc_text(state.at) if state.at else ""
            style = "red" if state.release in needing and state.waits is None else ""
            table.add_row(state.release, state, state.last_fact, moment, state.stage, style=style)
    return table

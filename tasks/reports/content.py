"""What the evidence report says, row by row and in numbers, before it becomes a page."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from domain.candidate.changed_circuits import ChangedCircuit
from domain.candidate.evaluation import Direction, Evaluation
from domain.ledger.fact import Fact, Kind, facts_of
from tasks.data.kept_report import Row

COMPARABLE = 1e100
"""A metric beyond it is listed and not plotted: no axis could show it beside the others."""


@dataclass(frozen=True)
class Tile:
    """One number of the summary. tone: "good", "warn", "bad" or "" for none."""

    label: str
    value: str
    note: str
    tone: str = ""


@dataclass(frozen=True)
class DataReport:
    """Of one circuit; why: there are no rows."""

    unit: str
    rows: tuple[Row, ...]
    why: str

    @property
    def unmet(self) -> int:
        """How many expectations the data does not meet."""
        return sum(result != "met" for _, result, _ in self.rows)


@dataclass(frozen=True)
class Smoke:
    """Checks at one stage, what did not pass first: circuit, check, result, detail."""

    stage: str
    checks: tuple[tuple[str, str, str, str], ...]

    def count(self, result: str) -> int:
        """How many have the result "passed", "warning" or "FAILED"."""
        return sum(found == result for _, _, found, _ in self.checks)


def compared(units: Sequence[ChangedCircuit], metric: str) -> list[tuple[str, float, float | None]]:
    """Circuit, candidate, champion where there is one; only what can be plotted."""
    rows = [(str(unit.unit), unit.metrics.get(metric), (unit.champion_metrics or {}).get(metric)) for unit in units]
    return [
        (name, ours, theirs)
        for name, ours, theirs in rows
        if ours is not None and abs(ours) < COMPARABLE and (theirs is None or abs(theirs) < COMPARABLE)
    ]


def gains(units: Sequence[ChangedCircuit], evaluation: Evaluation) -> list[float]:
    """By how many per cent of its champion's value each candidate is better, of those that have a champion."""
    sign = 1 if evaluation.direction is Direction.MINIMIZE else -1
    found = [
        100 * sign * (theirs - ours) / abs(theirs) for _, ours, theirs in compared(units, evaluation.metric) if theirs
    ]
    return [gain for gain in found if math.isfinite(gain) and abs(gain) < COMPARABLE]


def smoke_tests(facts: Sequence[Fact]) -> tuple[Smoke, ...]:
    """Of every stage below that is verified by scoring."""
    found = []
    for fact in facts_of(facts, Kind.VERIFIED):
        checks = [one for one in fact.body.get("checks") or () if isinstance(one, Mapping)]
        if checks:
            rows = sorted(
                (_check(one) for one in checks), key=lambda row: ("FAILED", "warning", "passed").index(row[2])
            )
            found.append(Smoke(fact.stage or "", tuple(rows)))
    return tuple(found)


def _check(check: Mapping[str, Any]) -> tuple[str, str, str, str]:
    result = "passed" if check.get("passed") is True else ("warning" if check.get("warning") is True else "FAILED")
    return str(check.get("unit", "")), str(check.get("name", "")), result, str(check.get("detail", ""))


def decisions(facts: Sequence[Fact]) -> list[dict[str, str]]:
    """Who has decided already, at this stage and below."""
    statements = [(fact, fact.body.get("statement")) for fact in facts_of(facts, Kind.DECIDED)]
    return [
        {name: str(one.get(name, "")) for name in ("choice", "gate", "approver", "comment")}
        | {"at": f"{fact.at:%Y-%m-%d %H:%M} UTC"}
        for fact, one in statements
        if isinstance(one, Mapping)
    ]


def summary(
    units: Sequence[ChangedCircuit], evaluation: Evaluation, data: Sequence[DataReport], smoke: Sequence[Smoke]
) -> Iterator[Tile]:
    """What an approver reads first."""
    changes = gains(units, evaluation)
    first = sum(unit.champion_metrics is None for unit in units)
    yield Tile(
        "circuits change", f"{len(units):,}", f"{first:,} for the first time" if first else "all have a champion"
    )
    if changes:
        better = sum(gain > 0 for gain in changes)
        note = f"least {_per_cent(min(changes))}, median {_per_cent(median(changes))}"
        tone = "good" if better == len(changes) else "bad"
        yield Tile(f"better by {evaluation.metric}", f"{better:,} of {len(changes):,}", note, tone)
    unread, valid = sum(bool(one.why) for one in data), sum(not one.why and not one.unmet for one in data)
    whose = "data reports valid" if len(data) == len(units) else "plotted circuits' data reports valid"
    note = f"{unread} could not be read" if unread else "every one was read"
    tone = "good" if valid == len(data) else ("bad" if valid + unread < len(data) else "warn")
    yield Tile(whose, f"{valid:,} of {len(data):,}", note, tone)
    total, passed = sum(len(one.checks) for one in smoke), sum(one.count("passed") for one in smoke)
    if total:
        failed, warned = sum(one.count("FAILED") for one in smoke), sum(one.count("warning") for one in smoke)
        tone = "bad" if failed else ("warn" if warned else "good")
        yield Tile("smoke checks passed", f"{passed:,} of {total:,}", f"{failed:,} failed, {warned:,} warned", tone)


def _per_cent(value: float) -> str:
    return f"{value:+.1f} %".replace("-", "−")

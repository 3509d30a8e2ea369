"""What validating a data set gave, in values and in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EXAMPLES = 5
"""How many of the values that break an expectation are shown."""


@dataclass(frozen=True)
class FailedExpectation:
    """An expectation that the data does not meet.

    kwargs: as declared. explanation: what was found, and what would have been right.
    """

    type: str
    kwargs: Mapping[str, Any]
    explanation: str

    def __str__(self) -> str:
        return self.explanation


@dataclass(frozen=True)
class ValidationReport:
    """What validating one data set gave.

    rows: of the data. digest: of results_json. html: the Data Docs page, one file. markdown: a table for people.
    """

    valid: bool
    rows: int
    failed: tuple[FailedExpectation, ...]
    digest: str
    results_json: bytes
    html: Path
    markdown: str


def failure_of(outcome: Mapping[str, Any]) -> FailedExpectation:
    """Return a failed outcome (type, kwargs, result, errors) with its explanation."""
    name, column = outcome["type"], outcome["kwargs"].get("column")
    subject = f"{name}({column})" if column else name
    return FailedExpectation(name, outcome["kwargs"], f"{subject}: {_what_is_wrong(outcome)}")


def report_table(suite_name: str, rows: int, outcomes: Sequence[Mapping[str, Any]], digest: str) -> str:
    """Return every expectation with what was observed as a markdown table, the failed ones first."""
    passed = sum(outcome["success"] for outcome in outcomes)
    lines = [
        f"### Data report {suite_name}",
        f"{passed} of {len(outcomes)} expectations met over {rows:,} rows. Report `{digest}`.",
        "",
        "| | expectation | column | observed |",
        "|---|---|---|---|",
    ]
    for outcome in sorted(outcomes, key=lambda outcome: bool(outcome["success"])):
        mark, detail = ("✔", _observed(outcome)) if outcome["success"] else ("✘", _what_is_wrong(outcome))
        cells = (mark, outcome["type"], outcome["kwargs"].get("column", ""), detail)
        lines.append("| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _what_is_wrong(outcome: Mapping[str, Any]) -> str:
    result = outcome["result"]
    declared = ", ".join(f"{name} {_text(value)}" for name, value in outcome["kwargs"].items() if name != "column")
    if outcome["errors"]:
        return f"could not be evaluated: {'; '.join(outcome['errors'])}"
    if result.get("unexpected_count") is None:
        return f"observed {_observed(outcome)}, expected {declared}"
    values = dict.fromkeys(str(value) for value in result.get("partial_unexpected_list", []) if value is not None)
    examples = f", for example {', '.join(list(values)[:EXAMPLES])}" if values else ""
    return f"{_observed(outcome)} values break it{examples}" + (f" (declared: {declared})" if declared else "")


def _observed(outcome: Mapping[str, Any]) -> str:
    result = outcome["result"]
    if outcome["errors"]:
        return "nothing"
    if (count := result.get("unexpected_count")) is not None:
        total = result.get("element_count")
        if total is None:  # of distinct values, not of rows
            return f"{count:,} that are not expected" if count else _text(result.get("observed_value"))
        return f"{count:,} of {total:,} ({100 * count / total:.3g} %)" if total else "0 of 0"
    if mismatched := (result.get("details") or {}).get("mismatched"):
        return "; ".join(f"{kind}: {_text(names)}" for kind, names in mismatched.items())
    return _text(result.get("observed_value"))


def _text(value: Any) -> str:
    if value is None:
        return "no value"
    if isinstance(value, float):
        return f"{value:.6g}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)

"""Data validation: a frame against declared expectations, before anything is registered.

Great Expectations evaluates them. Its results are kept as canonical JSON without times, ids and tracebacks, so that
the same data and the same expectations always give the same digest.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any

import pandas as pd

from tasks.data_docs import render_data_docs
from tasks.expectations import build_expectations, position_of

EXAMPLES = 5
_ONE_AT_A_TIME = Lock()  # Great Expectations keeps its current context in a global of the process


@dataclass(frozen=True)
class FailedExpectation:
    """An expectation that the data does not meet.

    kwargs: as declared. observed: the value or share that was found, as text. unexpected_count: how many values break
    it; None where it is about the column or table as a whole.
    """

    type: str
    column: str | None
    kwargs: Mapping[str, Any]
    observed: str
    unexpected_count: int | None
    explanation: str

    def __str__(self) -> str:
        return f"{self.type}({self.column}): {self.explanation}" if self.column else f"{self.type}: {self.explanation}"


@dataclass(frozen=True)
class ValidationReport:
    """What validating one data set gave. digest: of results_json. html: the Data Docs page, one file."""

    valid: bool
    evaluated: int
    failed: tuple[FailedExpectation, ...]
    digest: str
    results_json: bytes
    html: Path
    markdown: str


def validate(
    frame: pd.DataFrame, expectations: Sequence[Mapping[str, Any]], *, suite_name: str, docs_dir: Path
) -> ValidationReport:
    """Evaluate every expectation, write `docs_dir/{suite_name}.html`, and name each one that failed.

    Raises InvalidDeclaration naming all expectations that are unknown or have wrong arguments, before looking at data.
    """
    with _ONE_AT_A_TIME:
        result = _evaluate(frame, expectations, suite_name)
        page = render_data_docs(result, suite_name)
    outcomes = [_outcome(declared, found) for declared, found in zip(expectations, result.results, strict=True)]
    failed = tuple(_failure(outcome) for outcome in outcomes if not outcome["success"])
    content = {"suite": suite_name, "rows": len(frame), "columns": [str(name) for name in frame.columns]}
    results_json = _canonical(content | {"valid": not failed, "results": outcomes})
    digest = "sha256:" + sha256(results_json).hexdigest()
    return ValidationReport(
        valid=not failed,
        evaluated=len(outcomes),
        failed=failed,
        digest=digest,
        results_json=results_json,
        html=_write(page, docs_dir / f"{re.sub(r'[^A-Za-z0-9._-]+', '-', suite_name)}.html"),
        markdown=_markdown(suite_name, len(frame), outcomes, digest),
    )


def _evaluate(frame: pd.DataFrame, expectations: Sequence[Mapping[str, Any]], suite_name: str) -> Any:
    """Return Great Expectations' result with its parts in the declared order and in plain JSON types."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    suite = context.suites.add(gx.ExpectationSuite(name=suite_name, expectations=build_expectations(expectations)))
    asset = context.data_sources.add_pandas("frame").add_dataframe_asset("prepared data")
    batch = asset.add_batch_definition_whole_dataframe("all rows")
    definition = context.validation_definitions.add(gx.ValidationDefinition(name=suite_name, data=batch, suite=suite))
    result = definition.run(batch_parameters={"dataframe": frame})
    result.results.sort(key=position_of)
    for part in result.results:
        plain = part.to_json_dict()  # the page cannot show numpy's numbers
        part.result = _plain(plain["result"])
        part.exception_info = _without_tracebacks(plain["exception_info"])
    return result


def _outcome(declared: Mapping[str, Any], found: Any) -> dict[str, Any]:
    """Return what the digest covers of one expectation."""
    kwargs = {name: value for name, value in declared.items() if name != "type"}
    errors = sorted(set(_messages(found.exception_info)))
    return {
        "type": declared["type"],
        "kwargs": _plain(kwargs),
        "success": bool(found.success),
        "result": found.result,
        "errors": errors,
    }


def _failure(outcome: Mapping[str, Any]) -> FailedExpectation:
    kwargs, result = outcome["kwargs"], outcome["result"]
    observed, count = _observed(outcome), result.get("unexpected_count")
    expected = ", ".join(f"{name} {value}" for name, value in kwargs.items() if name != "column")
    if outcome["errors"]:
        explanation = f"could not be evaluated: {'; '.join(outcome['errors'])}"
    elif count is not None:
        examples = ", ".join(
            dict.fromkeys(str(value) for value in result.get("partial_unexpected_list", []) if value is not None)
        )
        explanation = f"{observed} values break it" + (f", for example {_first(examples)}" if examples else "")
        explanation += f" (declared: {expected})" if expected else ""
    else:
        explanation = f"observed {observed}, expected {expected}"
    return FailedExpectation(outcome["type"], kwargs.get("column"), kwargs, observed, count, explanation)


def _observed(outcome: Mapping[str, Any]) -> str:
    result = outcome["result"]
    if outcome["errors"]:
        return "nothing"
    if (count := result.get("unexpected_count")) is not None:
        total = result["element_count"]
        return f"{count:,} of {total:,} ({100 * count / total:.3g} %)" if total else "0 of 0"
    mismatched = (result.get("details") or {}).get("mismatched")
    if mismatched:
        return "; ".join(f"{kind}: {', '.join(map(str, names))}" for kind, names in mismatched.items())
    value = result.get("observed_value")
    if value is None:
        return "no value"
    if isinstance(value, float):
        return f"{value:.6g}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _first(examples: str) -> str:
    return ", ".join(examples.split(", ")[:EXAMPLES])


def _markdown(suite_name: str, rows: int, outcomes: Sequence[Mapping[str, Any]], digest: str) -> str:
    passed = sum(outcome["success"] for outcome in outcomes)
    lines = [
        f"### Data report {suite_name}",
        f"{passed} of {len(outcomes)} expectations met over {rows:,} rows. Report `{digest}`.",
        "",
        "| | expectation | column | observed |",
        "|---|---|---|---|",
    ]
    for outcome in sorted(outcomes, key=lambda outcome: bool(outcome["success"])):
        detail = _observed(outcome) if outcome["success"] else str(_failure(outcome).explanation)
        detail = detail.replace("|", "\\|").replace("\n", " ")
        mark, column = "✔" if outcome["success"] else "✘", outcome["kwargs"].get("column", "")
        lines.append(f"| {mark} | {outcome['type']} | {column} | {detail} |")
    return "\n".join(lines) + "\n"


def _plain(value: Any) -> Any:
    """Return the value in JSON's types: what is not a number becomes null, what JSON lacks becomes text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def _messages(exception_info: Mapping[str, Any]) -> list[str]:
    parts = [exception_info, *(part for part in exception_info.values() if isinstance(part, Mapping))]
    return [str(part["exception_message"]) for part in parts if part.get("raised_exception")]


def _without_tracebacks(exception_info: Mapping[str, Any]) -> dict[str, Any]:
    cleaned = {
        key: _without_tracebacks(part) if isinstance(part, Mapping) else part for key, part in exception_info.items()
    }
    return cleaned | {"exception_traceback": ""} if "exception_traceback" in cleaned else cleaned


def _canonical(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _write(page: str, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page)
    return path

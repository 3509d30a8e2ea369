"""Data validation: a frame against declared expectations, before anything is registered.

Great Expectations evaluates them. Its results are kept as canonical JSON without times, ids and tracebacks, so that
the same data and the same expectations always give the same digest.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any

import pandas as pd

from blocks.clients.sdk_noise import quiet_great_expectations
from tasks.data.data_docs import render_data_docs
from tasks.data.expectations import build_expectations, position_of
from tasks.data.validation_report import FailedExpectation, ValidationReport, failure_of, report_table

__all__ = ["FailedExpectation", "ValidationReport", "validate"]

MEANT_FOR_NOTHING = {"expect_column_to_exist", "expect_column_values_to_be_null"}
"""What may be said of a column without a value."""

_ONE_AT_A_TIME = Lock()  # Great Expectations keeps its current context in a global of the process


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
    failed = tuple(failure_of(outcome) for outcome in outcomes if not outcome["success"])
    content = {"suite": suite_name, "rows": len(frame), "columns": [str(name) for name in frame.columns]}
    results_json = _canonical(content | {"valid": not failed, "results": outcomes})
    digest = "sha256:" + sha256(results_json).hexdigest()
    return ValidationReport(
        valid=not failed,
        rows=len(frame),
        failed=failed,
        digest=digest,
        results_json=results_json,
        html=_write(page, docs_dir / f"{re.sub(r'[^A-Za-z0-9._-]+', '-', suite_name)}.html"),
        markdown=report_table(suite_name, len(frame), outcomes, digest),
    )


def _evaluate(frame: pd.DataFrame, expectations: Sequence[Mapping[str, Any]], suite_name: str) -> Any:
    """Return Great Expectations' result with its parts in the declared order and in plain JSON types."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    quiet_great_expectations()
    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    moments = {str(name): _offset(frame[name]) for name in frame.columns if frame[name].dtype.kind == "M"}
    built = build_expectations(expectations, moments)
    suite = context.suites.add(gx.ExpectationSuite(name=suite_name, expectations=built))
    asset = context.data_sources.add_pandas("frame").add_dataframe_asset("prepared data")
    batch = asset.add_batch_definition_whole_dataframe("all rows")
    definition = context.validation_definitions.add(gx.ValidationDefinition(name=suite_name, data=batch, suite=suite))
    result = definition.run(batch_parameters={"dataframe": frame})
    result.results.sort(key=position_of)
    for part in result.results:
        plain = part.to_json_dict()  # the page cannot show numpy's numbers
        part.result = _plain(plain["result"])
        part.exception_info = _without_tracebacks(plain["exception_info"])
        column = part.expectation_config.kwargs.get("column")
        if part.success and part.expectation_config.type not in MEANT_FOR_NOTHING and _is_blank(frame, column):
            part.success = result.success = False
            part.exception_info = {"raised_exception": True, "exception_message": f"{column} has no value at all"}
    return result


def _offset(times: pd.Series) -> str:
    """How a moment ends that can be compared with them."""
    return "" if times.dt.tz is None else "+00:00"


def _is_blank(frame: pd.DataFrame, column: object) -> bool:
    """Whether a limit on this column would be met by nothing."""
    return column in frame.columns and len(frame) > 0 and not frame[column].notna().any()


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


def _plain(value: Any) -> Any:
    """Return the value in JSON's types: what is not a number becomes null, what JSON has no type for becomes text."""
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

"""Validation: every failed expectation is named, the digest is of the results alone, the page needs no network."""

import json
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from blocks.clients.sdk_noise import VERBOSE
from domain.errors import InvalidDeclaration
from tasks.data.validation import validate

UNIQUE = {"type": "expect_column_values_to_be_unique", "column": "time"}
NOT_NULL = {"type": "expect_column_values_to_not_be_null", "column": "power", "mostly": 0.9}
BETWEEN = {"type": "expect_column_values_to_be_between", "column": "power", "min_value": 0, "max_value": 100}
ROWS = {"type": "expect_table_row_count_to_be_between", "min_value": 3}
ALL = [BETWEEN, ROWS, UNIQUE, NOT_NULL]


@pytest.fixture
def good() -> pd.DataFrame:
    times = pd.date_range("2014-01-01", periods=10, freq="10min", tz="UTC")
    return pd.DataFrame({"time": times, "power": [float(value) for value in range(10)]})


@pytest.fixture
def bad(good: pd.DataFrame) -> pd.DataFrame:
    good.loc[1, "time"] = good.loc[0, "time"]
    good.loc[3:6, "power"] = None
    good.loc[9, "power"] = 4711
    return good


def test_folders_of_great_expectations_are_told_only_where_all_is(
    good: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv(VERBOSE, raising=False)
    validate(good, ALL, suite_name="suite", docs_dir=tmp_path)
    assert "temporary directory" not in caplog.text
    monkeypatch.setenv(VERBOSE, "1")
    validate(good, ALL, suite_name="suite", docs_dir=tmp_path)
    assert "temporary directory" in caplog.text


def test_good_data_is_valid(good: pd.DataFrame, tmp_path: Path) -> None:
    report = validate(good, ALL, suite_name="suite", docs_dir=tmp_path)
    assert (report.valid, report.failed) == (True, ())
    assert "4 of 4 expectations met over 10 rows" in report.markdown


def test_every_failed_expectation_is_named_in_the_declared_order_with_what_was_seen(
    bad: pd.DataFrame, tmp_path: Path
) -> None:
    report = validate(bad, [*ALL, {**ROWS, "min_value": 100}], suite_name="suite", docs_dir=tmp_path)
    assert [str(failure) for failure in report.failed] == [
        "expect_column_values_to_be_between(power): 1 of 10 (10 %) values break it, for example 4711.0 "
        "(declared: min_value 0, max_value 100)",
        "expect_column_values_to_be_unique(time): 2 of 10 (20 %) values break it, "
        "for example 2014-01-01T00:00:00+00:00",
        "expect_column_values_to_not_be_null(power): 4 of 10 (40 %) values break it (declared: mostly 0.9)",
        "expect_table_row_count_to_be_between: observed 10, expected min_value 100",
    ]
    assert report.failed[2].kwargs == {"column": "power", "mostly": 0.9}
    assert report.markdown.count("| ✘ |") == 4


def test_an_expectation_about_an_absent_column_fails_with_that_reason(good: pd.DataFrame, tmp_path: Path) -> None:
    report = validate(good, [{**UNIQUE, "column": "gone"}, ROWS], suite_name="suite", docs_dir=tmp_path)
    assert [failure.kwargs["column"] for failure in report.failed] == ["gone"]
    assert (
        'could not be evaluated: Error: The column "gone" in BatchData does not exist' in report.failed[0].explanation
    )


def test_an_empty_frame_fails_the_expectation_of_rows(good: pd.DataFrame, tmp_path: Path) -> None:
    report = validate(good.head(0), ALL, suite_name="suite", docs_dir=tmp_path)
    assert [failure.type for failure in report.failed] == ["expect_table_row_count_to_be_between"]


def test_the_same_data_gives_the_same_digest_and_other_data_another(good: pd.DataFrame, tmp_path: Path) -> None:
    first = validate(good, ALL, suite_name="suite", docs_dir=tmp_path)
    again = validate(good.copy(), ALL, suite_name="suite", docs_dir=tmp_path / "elsewhere")
    assert first.digest == again.digest == "sha256:" + sha256(first.results_json).hexdigest()
    good.loc[3, "power"] = None
    assert validate(good, ALL, suite_name="suite", docs_dir=tmp_path).digest != first.digest
    assert validate(good, ALL[:-1], suite_name="suite", docs_dir=tmp_path).digest != first.digest


def test_the_results_hold_no_times_of_the_run_no_ids_and_no_tracebacks(bad: pd.DataFrame, tmp_path: Path) -> None:
    results = validate(bad, [*ALL, {**UNIQUE, "column": "gone"}], suite_name="suite", docs_dir=tmp_path).results_json
    assert [part["type"] for part in json.loads(results)["results"][:3]] == [part["type"] for part in ALL[:3]]
    assert b"Traceback" not in results
    assert b"batch_id" not in results
    assert not re.search(rb"[0-9a-f]{8}-[0-9a-f]{4}-", results)


def test_the_page_is_one_file_that_fetches_and_runs_nothing(bad: pd.DataFrame, tmp_path: Path) -> None:
    report = validate(bad, ALL, suite_name="PLANT_CIRCUIT:2014-01-01", docs_dir=tmp_path / "docs")
    page = report.html.read_text()
    assert report.html == tmp_path / "docs" / "PLANT_CIRCUIT-2014-01-01.html"
    assert not re.search(r"<script|<link|<img|\bsrc=|https?://|\son\w+=", page)
    assert set(re.findall(r'href="(.)', page)) == {"#"}
    assert "4711" in page
    assert "Statistics" in page


def test_text_in_the_data_cannot_become_markup_in_the_page(good: pd.DataFrame, tmp_path: Path) -> None:
    hostile = good.assign(name="<script>alert(1)</script>")
    expectation = {"type": "expect_column_values_to_be_in_set", "column": "name", "value_set": ["a"]}
    page = validate(hostile, [expectation], suite_name="<b>suite</b>", docs_dir=tmp_path).html.read_text()
    assert "alert(1)</script>" not in page
    assert "default-src 'none'" in page


def test_validating_opens_no_connection(good: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any) -> None:
        raise AssertionError(f"a connection was tried: {arguments}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert validate(good, ALL, suite_name="suite", docs_dir=tmp_path).valid


def test_validations_in_several_threads_do_not_mix(good: pd.DataFrame, tmp_path: Path) -> None:
    def evaluated(rows: int) -> tuple[int, bool]:
        report = validate(good.head(rows), [ROWS], suite_name=f"suite {rows}", docs_dir=tmp_path)
        return json.loads(report.results_json)["rows"], report.valid

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(evaluated, range(1, 9))) == [(rows, rows >= 3) for rows in range(1, 9)]


def test_everything_wrong_with_the_expectations_is_said_at_once(good: pd.DataFrame, tmp_path: Path) -> None:
    wrong = [
        {"type": "expect_column_values_to_be_uniq", "column": "time"},
        {"column": "time"},
        {**BETWEEN, "min_value": "low", "colour": "red"},
        {"type": "expect_column_values_to_not_be_null"},
        {**NOT_NULL, "mostly": 3},
        ROWS,
    ]
    with pytest.raises(InvalidDeclaration) as caught:
        validate(good, wrong, suite_name="suite", docs_dir=tmp_path)
    assert list(caught.value.faults) == [
        "expectations[0]: there is no expectation 'expect_column_values_to_be_uniq'; "
        "did you mean expect_column_values_to_be_unique?",
        "expectations[1]: needs a `type`, the name of an expectation such as expect_column_values_to_be_unique",
        "expectations[2] expect_column_values_to_be_between: min_value: value is not a valid float",
        "expectations[2] expect_column_values_to_be_between: colour: extra fields not permitted",
        "expectations[3] expect_column_values_to_not_be_null: column: field required",
        "expectations[4] expect_column_values_to_not_be_null: mostly: ensure this value is less than or equal to 1.0",
    ]
    assert not list(tmp_path.iterdir())


def test_no_expectations_at_all_are_refused(good: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(InvalidDeclaration, match="there are none, so nothing would be checked"):
        validate(good, [], suite_name="suite", docs_dir=tmp_path)


@pytest.mark.parametrize(
    ("low", "high", "valid"),
    [
        ("2014-01-01", "2014-01-01", True),
        ("2013-12-31", "2014-12-31", True),
        ("2014-01-02", "2014-12-31", False),
        ("2013-01-01", "2013-12-31", False),
    ],
)
def test_a_day_as_a_limit_of_times_is_the_whole_day(
    good: pd.DataFrame, low: str, high: str, valid: bool, tmp_path: Path
) -> None:
    between = {"type": "expect_column_values_to_be_between", "column": "time", "min_value": low, "max_value": high}
    report = validate(good, [between], suite_name="suite", docs_dir=tmp_path)
    assert report.valid is valid, report.failed
    assert valid or "values break it" in str(report.failed[0])


def test_strictly_after_a_day_is_after_its_end(good: pd.DataFrame, tmp_path: Path) -> None:
    after = {"type": "expect_column_min_to_be_between", "column": "time", "min_value": "2013-12-31", "strict_min": True}
    assert validate(good, [after], suite_name="suite", docs_dir=tmp_path).valid
    after["min_value"] = "2014-01-01"
    assert not validate(good, [after], suite_name="suite", docs_dir=tmp_path).valid


@pytest.mark.parametrize(
    "expectation",
    [
        BETWEEN,
        {"type": "expect_column_mean_to_be_between", "column": "power", "min_value": 0},
        {"type": "expect_column_values_to_be_in_set", "column": "power", "value_set": [1]},
        {"type": "expect_column_values_to_be_unique", "column": "power"},
    ],
)
def test_a_column_without_a_value_meets_no_limit(
    good: pd.DataFrame, expectation: dict[str, Any], tmp_path: Path
) -> None:
    good["power"] = float("nan")
    report = validate(good, [ROWS, expectation], suite_name="suite", docs_dir=tmp_path)
    assert len(report.failed) == 1
    assert report.failed[0].kwargs["column"] == "power"
    assert not json.loads(report.results_json)["valid"]
    assert "1 of 2 expectations met" in report.markdown
    assert expectation["type"] not in {"expect_column_mean_to_be_between"} or "no value" in str(report.failed[0])


def test_a_column_that_is_to_be_empty_may_be(good: pd.DataFrame, tmp_path: Path) -> None:
    good["power"] = None
    meant = {"type": "expect_column_values_to_be_null", "column": "power"}
    assert validate(good, [meant, NOT_NULL], suite_name="suite", docs_dir=tmp_path).failed[0].type == NOT_NULL["type"]


@pytest.mark.parametrize("kind", ["in_set", "equal_set", "contain_set"])
def test_distinct_values_are_shown_as_any_other(good: pd.DataFrame, kind: str, tmp_path: Path) -> None:
    good["plant"] = "SE"
    verb = "be" if kind == "in_set" else ""
    name = f"expect_column_distinct_values_to_{verb + '_' if verb else ''}{kind}"
    declared = {"type": name, "column": "plant", "value_set": ["SE"]}
    assert validate(good, [declared], suite_name="suite", docs_dir=tmp_path).valid
    declared["value_set"] = ["NO"]
    report = validate(good, [declared], suite_name="suite", docs_dir=tmp_path)
    assert name in str(report.failed[0])
    assert "element_count" not in str(report.failed[0])


def test_notes_for_people_are_taken(good: pd.DataFrame, tmp_path: Path) -> None:
    assert validate(good, [{**BETWEEN, "meta": {"owner": "team"}}], suite_name="suite", docs_dir=tmp_path).valid

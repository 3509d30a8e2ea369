"""Expectations are checked when they are read: names, arguments, and limits that nothing or everything meets."""

import re
from typing import Any

import great_expectations.expectations.core as gx
import pytest

from domain.declaration.expectation import _schema_files, faults_of_expectation

LIMITS = {"type": "expect_column_values_to_be_between", "column": "power"}
IN_SET = {"type": "expect_column_values_to_be_in_set", "column": "plant"}


@pytest.mark.parametrize(
    ("declared", "at", "told"),
    [
        ({"column": "a"}, (), "needs `type`"),
        ({"type": 3}, ("type",), "there is no expectation 3"),
        ({"type": "expect_column_value_to_be_unique"}, ("type",), r"did you mean expect_column_values_to_be_unique\?"),
        ({"type": "expect_column_values_to_be_unique"}, (), "needs `column`"),
        ({**LIMITS, "min": 3}, ("min",), r"takes no min"),
        ({**LIMITS, "min_value": 1, "mostly": 97}, ("mostly",), "must be a share from 0 to 1, such as 0.97; it is 97"),
        ({**LIMITS, "min_value": 1, "mostly": True}, ("mostly",), "must be a share from 0 to 1"),
        ({**LIMITS, "min_value": 1, "catch_exceptions": False}, ("catch_exceptions",), "takes no catch_exceptions"),
        ({**LIMITS, "min_value": 1, "column": 3}, ("column",), "not of type 'string'"),
        ({**LIMITS, "min_value": float("nan")}, ("min_value",), "must be a finite number"),
        ({**LIMITS, "max_value": float("inf")}, ("max_value",), "must be a finite number"),
        ({**IN_SET, "value_set": [1.0, float("nan")]}, ("value_set", 1), "must be a finite number"),
        ({**LIMITS}, (), "needs `min_value` or `max_value`: without them, anything meets it"),
        ({**LIMITS, "min_value": None}, (), "needs `min_value` or `max_value`"),
        ({**LIMITS, "min_value": 50, "max_value": 0}, ("min_value",), "nothing lies between 50 and 0"),
        (
            {**LIMITS, "min_value": 5, "max_value": 5, "strict_min": True},
            ("min_value",),
            "nothing lies between 5 and 5",
        ),
        ({**LIMITS, "min_value": "2015-01-01", "max_value": "2014-12-31"}, ("min_value",), "nothing lies between"),
        ({**LIMITS, "min_value": "low"}, ("min_value",), "must be a number, a day or a time"),
        ({**LIMITS, "min_value": {"$PARAMETER": "low"}}, ("min_value",), "not a value that it accepts"),
        ({**IN_SET, "value_set": [False, "SE", True]}, ("value_set",), "put words such as NO and ON in quotes"),
        ({**IN_SET, "value_set": [1, "SE"]}, ("value_set",), "put numbers that are names in quotes"),
        ({**IN_SET, "value_set": []}, ("value_set",), "not a value that it accepts"),
        ({"type": "expect_column_values_to_match_regex", "column": "a", "regex": 3}, ("regex",), "not a value"),
    ],
)
def test_what_could_not_be_meant_is_said_with_its_place(
    declared: dict[str, Any], at: tuple[Any, ...], told: str
) -> None:
    found = [what for where, what in faults_of_expectation(declared) if where == at]
    assert any(re.search(told, what) for what in found), found


@pytest.mark.parametrize(
    "declared",
    [
        {**LIMITS, "min_value": 0, "max_value": 50, "meta": {"owner": "team"}, "severity": "warning", "notes": "n"},
        {**LIMITS, "min_value": 5, "max_value": 5},
        {**LIMITS, "min_value": "2014-01-01", "max_value": "2014-01-01"},
        {**LIMITS, "min_value": "2014-01-01T00:00:00Z", "mostly": 0.995},
        {**IN_SET, "value_set": ["NO", "SE"]},
        {**IN_SET, "value_set": [1, 2.5]},
        {"type": "expect_column_distinct_values_to_equal_set", "column": "a", "value_set": ["x"]},
        {"type": "expect_table_columns_to_match_set", "column_set": ["a", "b"], "exact_match": True},
        {
            "type": "expect_column_pair_values_a_to_be_greater_than_b",
            "column_A": "a",
            "column_B": "b",
            "or_equal": True,
        },
        {
            "type": "expect_column_values_to_not_be_null",
            "column": "a",
            "row_condition": "b > 3",
            "condition_parser": "pandas",
        },
        {"type": "expect_compound_columns_to_be_unique", "column_list": ["a", "b"]},
    ],
)
def test_what_great_expectations_takes_is_taken(declared: dict[str, Any]) -> None:
    assert list(faults_of_expectation(declared)) == []


def test_the_schemas_are_those_of_the_installed_library() -> None:
    classes = {name.removesuffix("Expectation") for name in dir(gx) if name.startswith("Expect")}
    shipped = {file.stem for file in _schema_files().values()}
    assert len(shipped) > 50
    assert shipped <= classes

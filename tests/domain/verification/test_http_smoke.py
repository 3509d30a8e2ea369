"""What an answer must have, and which model must have given it."""

import json
from pathlib import Path
from typing import Any

import pytest

from domain.unit import Unit
from domain.verification.http_smoke import HttpEvidence, HttpSmokeTest

UNIT = Unit(plant="P1", circuit="C1")
TEST = HttpSmokeTest(
    path="/ask", question=Path("question.json"), answers=("estimates",), version="model.version", within_ms=100
)
GOOD = {"estimates": [1.0], "model": {"version": "3"}}


def seen(answer: Any, **changes: Any) -> HttpEvidence:
    """Ready at once, and answered by version 3."""
    fields: dict[str, Any] = {
        "unit": UNIT,
        "address": "http://service",
        "version": "3",
        "ready": 200,
        "ready_seconds": 0.5,
        "ready_text": "",
        "status": 200,
        "answer": answer if isinstance(answer, str) else json.dumps(answer),
        "milliseconds": 12.0,
    }
    return HttpEvidence(**{**fields, **changes})


@pytest.mark.parametrize("version", ["3", 3])
def test_the_released_model_answers_as_it_should(version: object) -> None:
    assert TEST.verdict(seen({**GOOD, "model": {"version": version}})).failures == ()


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        ({**GOOD, "model": {"version": "2"}}, "Model version: model.version is 2, the release has 3"),
        ({**GOOD, "model": "3"}, "Model version: model.version is None, the release has 3"),
        ({"estimates": [1.0]}, "Model version: model.version is None, the release has 3"),
        ({**GOOD, "estimates": []}, "Shape: has no estimates: "),
        ({**GOOD, "estimates": None}, "Shape: has no estimates: "),
    ],
)
def test_another_model_or_half_an_answer_fails(answer: object, failure: str) -> None:
    [found] = TEST.verdict(seen(answer)).failures
    assert found.startswith(failure)


@pytest.mark.parametrize("answer", ["", "<html>", "[1]", "[" * 200_000, '{"a":' * 200_000])
def test_what_is_no_object_fails_whatever_it_is(answer: str) -> None:
    shape, version = TEST.verdict(seen(answer)).failures
    assert shape.startswith("Shape: has no estimates: ")
    assert version == "Model version: model.version is None, the release has 3"


def test_a_late_answer_fails() -> None:
    assert TEST.verdict(seen(GOOD, milliseconds=100.6)).failures == ("Time: 101 ms, limit 100",)


def test_what_refuses_is_asked_nothing_more() -> None:
    [failure] = TEST.verdict(seen("model not loaded", status=503)).failures
    assert failure == "Answer: 503: model not loaded"


def test_what_never_got_ready_says_why() -> None:
    ready, answer = TEST.verdict(HttpEvidence.unready(UNIT, "service/app", "3", 61.0, "CrashLoopBackOff")).failures
    assert ready == "Ready: no answer after 61.0 s at service/app: CrashLoopBackOff"
    assert answer == "Answer: none: "

"""What is signed: every field changes it, and nothing in it can hide from the reader."""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from pydantic import ValidationError

from domain.approval.statement import MAX_COMMENT, NAMESPACE, Statement

Make = Callable[..., Statement]
OTHER_DIGEST = "sha256:" + "e" * 64
ANOTHER_VALUE: dict[str, Any] = {
    "workload": "mills",
    "release": "20251210.2",
    "release_digest": OTHER_DIGEST,
    "stage": "registry",
    "gate": "Registry-Approval",
    "policy_digest": OTHER_DIGEST,
    "report_digest": OTHER_DIGEST,
    "asked": OTHER_DIGEST,
    "choice": "reject",
    "approver": "bob",
    "comment": "metrics are better ",
    "expires_at": "2025-12-11T12:00:01Z",
}


@pytest.mark.parametrize("field", [name for name in Statement.model_fields if name != "purpose"])
def test_another_value_of_any_field_is_another_statement(statement: Make, field: str) -> None:
    one, other = statement(), statement(**{field: ANOTHER_VALUE[field]})
    assert one.text != other.text
    assert one.digest != other.digest
    assert one.nonce != other.nonce


def test_a_statement_has_one_purpose(statement: Make) -> None:
    assert '"purpose":"signalbox approval 1"' in statement().text
    with pytest.raises(ValidationError):
        statement(purpose="signalbox approval 2")


def test_the_text_is_canonical_json_and_survives_storing(statement: Make) -> None:
    said = statement(comment="besser als zuvor – gut\n\tja", approver="Änne")
    assert said.text.isascii()
    assert said.text == json.dumps(json.loads(said.text), sort_keys=True, separators=(",", ":"))
    assert set(json.loads(said.text)) == set(Statement.model_fields)
    assert Statement.model_validate_json(said.text) == said
    assert Statement.model_validate_json(said.text).text == said.text


def test_the_digest_and_the_nonce_are_of_the_text(statement: Make) -> None:
    said = statement()
    whole = hashlib.sha256(said.text.encode()).hexdigest()
    assert said.digest == f"sha256:{whole}"
    assert said.nonce == whole[:32]
    assert NAMESPACE == "signalbox-approval"


def test_equal_moments_are_one_statement(statement: Make) -> None:
    there = datetime.fromisoformat("2025-12-11T17:30:00+05:30")
    assert statement(expires_at=there).digest == statement().digest


def test_a_statement_cannot_be_changed_and_takes_nothing_else(statement: Make) -> None:
    said = statement()
    with pytest.raises(ValidationError):
        said.choice = "reject"  # type: ignore[assignment,misc]  # this is what must fail
    with pytest.raises(ValidationError):
        statement(note="more")


@pytest.mark.parametrize("field", [name for name in Statement.model_fields if name != "purpose"])
@pytest.mark.parametrize("wrong", [None, True, ["approve"], {"a": 1}], ids=repr)
def test_wrong_types_are_refused(statement: Make, field: str, wrong: Any) -> None:
    with pytest.raises(ValidationError):
        statement(**{field: wrong})


@pytest.mark.parametrize("field", ["release_digest", "policy_digest", "report_digest", "asked"])
@pytest.mark.parametrize("text", ["a" * 64, "sha256:" + "a" * 63, "sha256:" + "A" * 64, "sha256:" + "a" * 64 + "\n"])
def test_a_digest_has_one_spelling(statement: Make, field: str, text: str) -> None:
    with pytest.raises(ValidationError, match="64 lower-case hexadecimal digits"):
        statement(**{field: text})


@pytest.mark.parametrize("choice", ["Approve", "approved", " approve", "yes", True])
def test_there_are_no_other_choices(statement: Make, choice: Any) -> None:
    with pytest.raises(ValidationError):
        statement(choice=choice)


def test_a_moment_without_a_time_zone_is_refused(statement: Make) -> None:
    with pytest.raises(ValidationError):
        statement(expires_at="2025-12-11T12:00:00")


@pytest.mark.parametrize(("length", "fits"), [(0, True), (1, True), (MAX_COMMENT, True), (MAX_COMMENT + 1, False)])
def test_a_comment_has_4000_characters_at_most(statement: Make, length: int, fits: bool) -> None:
    assert MAX_COMMENT == 4000
    if fits:
        assert len(statement(comment="ü" * length).comment) == length
    else:
        with pytest.raises(ValidationError, match="at most 4000 characters"):
            statement(comment="ü" * length)


@pytest.mark.parametrize(("length", "fits"), [(0, False), (1, True), (200, True), (201, False)])
def test_an_approver_has_1_to_200_characters(statement: Make, length: int, fits: bool) -> None:
    if fits:
        assert len(statement(approver="a" * length).approver) == length
    else:
        with pytest.raises(ValidationError):
            statement(approver="a" * length)


HIDING = {
    "null": "\0",
    "bell": "\a",
    "backspace": "\b",
    "carriage return": "\r",
    "escape": "\x1b[2K",
    "delete": "\x7f",
    "next line": "\x85",
    "zero width space": "\u200b",
    "right to left override": "\u202e",
    "isolate": "\u2066",
    "line separator": "\u2028",
    "byte order mark": "\ufeff",
    "private use": "\ue000",
}


@pytest.mark.parametrize("hidden", HIDING.values(), ids=HIDING.keys())
@pytest.mark.parametrize("place", ["{}approve", "appr{}ove", "approve{}"])
def test_a_character_that_can_hide_what_is_said_is_refused(statement: Make, hidden: str, place: str) -> None:
    with pytest.raises(ValidationError, match="characters that cannot be shown; write plain text"):
        statement(comment=place.format(hidden))


def test_half_a_character_is_refused(statement: Make) -> None:
    with pytest.raises(ValidationError):
        statement(comment="\ud800")


@pytest.mark.parametrize("text", ["two\nlines", "a\ttab", "größer – ≤ 5 % 🚆", "<b>**bold**</b> {{ x }}", " "])
def test_what_people_write_is_kept_as_it_is(statement: Make, text: str) -> None:
    assert statement(comment=text).comment == text

"""An authenticator says where its secret is, in one place; what was enrolled before there were two is written as it was."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from domain.approval.proofs.enrolment import Enrolment
from domain.approval.proofs.one_time_code import CodeGenerator
from domain.approval.proofs.ssh_signature import SshKey
from domain.ledger.signature import SigningKey

THEN = datetime(2025, 1, 6, 8, 5, tzinfo=UTC)
BEFORE = '{"kind":"one_time_code","secret_block":"ada-code","public_key":"%s","enrolled_at":"2025-01-06T08:05:00Z","revoked_at":null}'


def enrolled(digit: str, **place: Any) -> CodeGenerator:
    return CodeGenerator(public_key=digit * 64, enrolled_at=THEN, **place)


def test_one_from_before_is_written_as_it_was_read() -> None:
    text = BEFORE % ("a" * 64)
    assert CodeGenerator.model_validate_json(text).model_dump_json() == text


def test_a_new_one_names_its_file_and_no_block() -> None:
    document = json.loads(enrolled("a", secret_file="approver-1").model_dump_json())
    assert document["secret_file"] == "approver-1"
    assert "secret_block" not in document
    assert CodeGenerator.model_validate(document) == enrolled("a", secret_file="approver-1")


@pytest.mark.parametrize(
    "place", [{}, {"secret_block": "a", "secret_file": "b"}, {"secret_block": "", "secret_file": ""}]
)
def test_no_place_and_two_places_are_refused(place: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="secret is in one place"):
        enrolled("a", **place)


def test_those_that_should_be_enrolled_anew_are_known() -> None:
    old, new, other = enrolled("a", secret_block="x"), enrolled("b", secret_file="y"), enrolled("c", secret_block="z")
    person = Enrolment(name="ada", credentials=(old, new, other))
    assert person.readable_on_server == (old.id, other.id)
    assert person.revoking(old.id, THEN).readable_on_server == (other.id,)
    assert Enrolment(name="ada", credentials=(new,)).readable_on_server == ()
    key = SshKey(public_key=SigningKey.made().public_key, enrolled_at=THEN)
    assert Enrolment(name="ada", credentials=(key,)).readable_on_server == ()

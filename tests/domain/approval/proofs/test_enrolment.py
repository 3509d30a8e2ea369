"""What a person is called: everything that may stand in a commit, a data set or a log-in."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.approval.proofs.enrolment import Enrolment
from domain.approval.proofs.one_time_code import CodeGenerator

THEN = datetime(2025, 1, 6, 8, 5, tzinfo=UTC)
CODE = CodeGenerator(secret_block="ada-code", public_key="a" * 64, enrolled_at=THEN, revoked_at=THEN)
ADA = Enrolment(name="ada", aliases=("ada@example.org", "Lovelace, Ada"))


@pytest.mark.parametrize(
    "text",
    [
        "ada",
        " ADA\n",
        "ada@example.org",
        "Ada@Example.org",
        "Somebody <ada@example.org>",
        "Lovelace, Ada <al@home.example>",
        '"Lovelace, Ada" <al@home.example>\n',
        "Lovelace, Ada (EXT) <ada@example.org>",
        "<ada@example.org>",
        "A < B <ada@example.org> ",
    ],
)
def test_a_person_is_known_by_any_name_however_it_is_written(text: str) -> None:
    assert ADA.is_called(text)


@pytest.mark.parametrize(
    "text",
    ["", " ", "<>", '"" <>', "adam", "Ada Byron", "Data", "Lovelace", "bob <bob@example.org>", "ada@example.org.evil"],
)
def test_nobody_is_known_by_part_of_a_name(text: str) -> None:
    assert not ADA.is_called(text)


@pytest.mark.parametrize("text", ["carl", "Carl Coder", "carl@example.org", "carl coder <carl@example.org>"])
def test_an_alias_may_be_written_as_an_author_is(text: str) -> None:
    assert Enrolment(name="cc", aliases=(" Carl ", "Carl Coder <carl@example.org>")).is_called(text)


def test_a_name_of_blanks_is_nobodys() -> None:
    assert not Enrolment(name=" ", aliases=("<>",)).is_called("")
    assert not Enrolment(name=" ").is_called(" ")


@given(st.text('aZß>" @,.', min_size=1, max_size=20), st.text('aZß<>" @,.', max_size=20))
def test_everybody_is_called_by_their_mail_whatever_stands_before(mail: str, before: str) -> None:
    if mail.strip('>" '):
        assert Enrolment(name="x", aliases=(mail,)).is_called(f"{before} <{mail}>")


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("name", "", "at least 1 character"),
        ("name", "x" * 201, "at most 200 characters"),
        ("aliases", ["ada", ""], "at least 1 character"),
        ("aliases", ["x" * 201], "at most 200 characters"),
        ("credentials", [{"kind": "password"}], "does not match any of the expected tags"),
        ("admin", True, "Extra inputs"),
    ],
)
def test_an_enrolment_out_of_bounds_is_refused(field: str, value: Any, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Enrolment.model_validate({"name": "ada", field: value})


def test_an_enrolment_is_read_as_it_was_written_and_cannot_be_changed() -> None:
    person = Enrolment(name="x" * 200, aliases=("y", "z" * 200), credentials=(CODE,))
    assert Enrolment.model_validate_json(person.model_dump_json()) == person
    assert (Enrolment(name="x").aliases, Enrolment(name="x").credentials) == ((), ())
    with pytest.raises(ValidationError, match="frozen"):
        person.name = "bob"  # type: ignore[misc]  # that is what is tried

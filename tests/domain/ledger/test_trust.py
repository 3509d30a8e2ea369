"""Which facts of a release count: those that writers signed, and those up to where the owners took it over."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from domain.ledger.fact import Fact, Kind
from domain.ledger.signature import SigningKey
from domain.ledger.trust import Trust, Writer

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
KEY, OTHER, STRANGER = SigningKey.made(), SigningKey.made(), SigningKey.made()
WRITERS = (Writer(name="worker", key=KEY.public_key), Writer(name="ada", key=OTHER.public_key))
TRUST = Trust(writers=WRITERS)


def facts(*keys: SigningKey | None) -> list[Fact]:
    """One a key, chained."""
    made: list[Fact] = []
    for number, key in enumerate(keys):
        fact = Fact.after(
            made[-1] if made else None,
            workload="plants",
            release="20260101.1",
            kind=Kind.NOTIFIED,
            at=NOON + timedelta(minutes=number),
            body={"number": number},
        )
        made.append(fact.signed(key))
    return made


def taking_over(fact: Fact) -> Trust:
    return Trust(writers=WRITERS, taken_over={"plants/20260101.1": fact.digest})


def test_facts_of_every_writer_count() -> None:
    assert TRUST.faults_of(facts(KEY, OTHER, KEY)) == ()
    assert TRUST.faults_of([]) == ()
    assert [TRUST.writer_of(one.signature).name for one in facts(KEY, OTHER) if one.signature] == ["worker", "ada"]  # type: ignore[union-attr]  # both are known


def test_a_signature_stands_outside_the_digest() -> None:
    [bare], [signed] = facts(None), facts(KEY)
    assert bare.digest == signed.digest
    assert bare.stored() == bare.canonical_json() == signed.canonical_json() != signed.stored()
    assert Fact.model_validate_json(signed.stored()) == signed
    assert "signature" not in bare.model_dump(mode="json")


def test_everything_else_does_not_count_and_why() -> None:
    made = facts(KEY, None, STRANGER, KEY, OTHER)
    made[3] = made[3].model_copy(update={"body": {"number": 99}})
    assert made[2].signature is not None
    assert TRUST.faults_of(made) == (
        "fact 1 (notified) does not count: nobody signed it",
        f"fact 2 (notified) does not count: it is signed with key {made[2].signature.key}, which is no writer's",
        "fact 3 (notified) does not count: it is not what worker signed: it was changed, or written for another place",
    )
    assert TRUST.writer_of(made[2].signature) is None


def test_what_is_known_of_signatures_is_not_looked_at_again() -> None:
    made = facts(None, None)
    assert TRUST.faults_of(made, ["", "why"]) == ("fact 1 (notified) does not count: why",)


@pytest.mark.parametrize("upto", [0, 1, 2])
def test_what_was_taken_over_counts_whoever_wrote_it_and_nothing_after_it(upto: int) -> None:
    made = facts(None, STRANGER, None)
    trust = taking_over(made[upto])
    assert trust.taken_over_of(made) == upto + 1
    assert len(trust.faults_of(made)) == 2 - upto
    assert TRUST.taken_over_of(made) == 0


def test_of_other_releases_nothing_was_taken_over() -> None:
    made = [one.model_copy(update={"release": "20260101.2"}) for one in facts(None)]
    assert taking_over(facts(None)[0]).faults_of(made) == ("fact 0 (notified) does not count: nobody signed it",)


def test_what_was_taken_over_is_there_as_it_was() -> None:
    made = facts(None, None, None)
    trust = taking_over(made[1])
    gone = (
        f"plants/20260101.1 was taken over up to the fact with digest {made[1].digest}, and the ledger holds none such: it was changed or "
        "cut off"
    )
    assert trust.faults_of(made[:1]) == (gone,)
    edited = [made[0].model_copy(update={"body": {}}), *made[1:]]
    [fault] = trust.faults_of(edited)
    assert fault.startswith("what was taken over of plants/20260101.1 was changed: fact 0 (notified) was changed after")
    assert trust.faults_of(made[1:]) != ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"writers": ()},
        {"writers": (WRITERS[0], WRITERS[0].model_copy(update={"name": "other"}))},
        {"writers": (WRITERS[0], WRITERS[1].model_copy(update={"name": "worker"}))},
        {"taken_over": {"plants/20260101.1": "md5:1"}},
        {"readers": ()},
    ],
)
def test_a_file_that_cannot_be_meant_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Trust.model_validate({"writers": WRITERS, **wrong})


@pytest.mark.parametrize("name", ["", "n" * 201])
def test_a_writer_has_a_name(name: str) -> None:
    with pytest.raises(ValidationError):
        Writer(name=name, key=KEY.public_key)
    for fine in ("n", "n" * 200):
        assert Writer(name=fine, key=KEY.public_key).name == fine


@pytest.mark.parametrize("other", [{"workload": "mills"}, {"release": "20260101.2"}], ids=str)
def test_what_was_taken_over_is_known_by_the_first_fact_whatever_follows(other: dict[str, str]) -> None:
    first, second = facts(None, None)
    trust = taking_over(first)
    [fault] = trust.faults_of([first, second.model_copy(update=other)])
    assert fault == "fact 1 (notified) does not count: nobody signed it"


def test_nobody_changes_whose_facts_count() -> None:
    [signed] = facts(KEY)
    for value in (TRUST, WRITERS[0], signed.signature):
        for name in type(value).model_fields:  # type: ignore[union-attr]  # it is signed
            with pytest.raises(ValidationError, match="frozen"):
                setattr(value, name, "another")

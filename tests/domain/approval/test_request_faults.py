"""Nobody signs an answer to a question whose digests are not those of what lies beside it."""

import re
from typing import Any

import pytest
from one_gate import OneGate

from domain.approval.request import ApprovalRequest
from domain.approval.request_faults import faults_of_asked
from domain.ledger.fact import Fact, Kind

OTHER, SMALLEST = "sha256:" + "f" * 64, "sha256:" + "0" * 64


def faults(gate: OneGate, asked: Fact) -> str:
    return "; ".join(faults_of_asked(asked, gate.facts))


def test_a_question_that_stands_may_be_answered() -> None:
    gate = OneGate()
    first = gate.ask()
    assert faults(gate, first) == ""
    gate.decide("ada")
    assert faults(gate, first) == ""  # and still when somebody has


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"release_digest": OTHER}, f"it asks about {OTHER}, but the manifest is sha256:"),
        ({"release_digest": SMALLEST}, f"it asks about {SMALLEST}, but the manifest is sha256:"),
        ({"gate": "Another"}, "it asks at Another of production, but the declaration in it is for another stage"),
        ({"stage": "registry"}, "it asks at Production-Approval of registry, but the declaration in it"),
        ({"policy": {"name": "production"}}, "the declaration of the stage cannot be read"),
        ({"report_digest": "none"}, "the question cannot be read"),
    ],
)
def test_what_it_says_must_be_what_lies_beside_it(changes: dict[str, Any], why: str) -> None:
    gate = OneGate()
    assert why in faults(gate, gate.ask(**changes))


def test_of_a_declaration_that_cannot_be_read_it_is_said_what_is_wrong_where() -> None:
    gate = OneGate()
    found = faults_of_asked(gate.ask(policy={"name": "production", "gates": []}), gate.facts)
    assert re.fullmatch(
        r"the declaration of the stage cannot be read: target: missing; it is required; gates: unknown key .*",
        found[-1],
    )


def test_a_stage_that_asks_nobody_has_no_question() -> None:
    gate, other = OneGate(), OneGate("test")
    asked = gate.ask(policy=other.stage.model_dump(mode="json"), stage="test")
    assert "the declaration in it is for another stage" in faults(gate, asked)


def test_one_that_was_asked_anew_does_not_stand() -> None:
    gate = OneGate()
    first = gate.ask()
    second = gate.ask()
    assert "it is out of date" in faults(gate, first)
    assert faults(gate, second) == ""
    gate.declare(timeout_minutes=60)
    third = gate.ask()
    assert "it is out of date" in faults(gate, second)
    assert faults(gate, third) == ""


def test_one_that_a_replay_left_in_doubt_does_not_stand() -> None:
    gate = OneGate()
    asked = gate.ask()
    gate.add(Kind.REPLAYED, {"stage": "production", "verdict": "INCONCLUSIVE"})
    assert "it is out of date" in faults(gate, asked)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({}, "the manifest cannot be read: 'release'"),
        ({"release": {}, "digest": OTHER}, r"the manifest cannot be read: \d+ validation errors for Release"),
        ({"release": None, "digest": OTHER}, r"the manifest cannot be read: 1 validation error for Release"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_said(body: dict[str, Any], why: str) -> None:
    gate = OneGate()
    asked = gate.ask()
    facts = (gate.facts[0].model_copy(update={"body": body}), *gate.facts[1:])
    found = faults_of_asked(asked, facts)
    assert any(re.fullmatch(why, one) for one in found)
    assert any("was changed after" in one for one in found)


def test_a_manifest_that_is_not_its_digest_is_said() -> None:
    gate = OneGate()
    asked = gate.ask()
    body = {**gate.facts[0].body, "digest": OTHER}
    found = faults_of_asked(asked, (gate.facts[0].model_copy(update={"body": body}), *gate.facts[1:]))
    assert any("it was changed" in one for one in found)


@pytest.mark.parametrize("field", ["workload", "release"])
@pytest.mark.parametrize("other", ["00000000.0", "zzz"])
def test_a_question_among_another_release_s_facts_is_said(field: str, other: str) -> None:
    gate = OneGate()
    asked = gate.ask().model_copy(update={field: other})
    assert "the manifest is of release 20251210.1 of plants" in "; ".join(faults_of_asked(asked, gate.facts))


@pytest.mark.parametrize(
    "changes", [{"report_digest": "none"}, {"policy": {"name": "production"}}, {"gate": "Another"}]
)
def test_a_chain_that_does_not_hold_is_said_beside_whatever_else_is_wrong(changes: dict[str, Any]) -> None:
    gate = OneGate()
    gate.ask()
    asked = gate.ask(**changes)
    facts = (gate.facts[0], gate.facts[1].model_copy(update={"body": {}}), *gate.facts[2:])
    found = faults_of_asked(asked, facts)
    assert any("was changed after" in one for one in found)
    assert len(found) > 1


def test_one_that_another_version_asked_cannot_be_answered_with_this_one() -> None:
    """Whichever of the two digests is the smaller."""
    gate = OneGate()
    policy = gate.stage.model_dump(mode="json")
    smaller = []
    for left_out in ("waves", "replay", "verification", "confirmation"):
        asked = gate.ask(policy={name: value for name, value in policy.items() if name != left_out})
        assert "it was asked by another version of Signalbox" in faults(gate, asked)
        smaller.append(ApprovalRequest.model_validate(asked.body).policy_digest < gate.stage.policy_digest)
    assert {True, False} == set(smaller)


def test_no_facts_at_all_are_said() -> None:
    assert faults_of_asked(OneGate().ask(), ()) != ()

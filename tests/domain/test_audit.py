"""An audit names everything that does not hold, and tells who decided what when everything does."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cast import WAYS
from one_gate import OneGate

from domain.audit import Audit, audit
from domain.audit_file import AuditFile
from domain.enrolment import Enrolment
from domain.errors import Terminal
from domain.fact import Fact, Kind
from domain.roster import Roster

ALL = ("ada", "emil", "olga")
DAY = timedelta(days=1)


def switched(*names: str) -> OneGate:
    """Approved by these, and then switched."""
    gate = OneGate().approved(*names)
    gate.add(Kind.SWITCHED, {"stage": "production"})
    return gate


def audited(gate: OneGate, *gated: str) -> Audit:
    return audit(gate.facts, gate.roster, gated)


def edited(fact: Fact, **body: Any) -> Fact:
    return fact.model_copy(update={"body": {**fact.body, **body}})


@pytest.mark.parametrize("way", WAYS)
def test_a_release_that_holds_says_who_decided_what_and_how(way: str) -> None:
    gate = OneGate()
    gate.ask()
    for name in ALL:
        gate.decide(name, comment=f"{name} looked", way=way)
    gate.add(Kind.SWITCHED, {"stage": "production"})
    found = audited(gate, "production")
    assert found.faults == ()
    assert [(one.sequence, one.approver, one.choice, one.comment) for one in found.entries] == [
        (2, "ada", "approve", "ada looked"),
        (3, "emil", "approve", "emil looked"),
        (4, "olga", "approve", "olga looked"),
    ]
    assert all((one.fault, one.remark, one.stage) == ("", "", "production") for one in found.entries)
    assert all(
        one.proof.split()[0] in {"ssh", "one", "entra"} and len(one.proof.split()[-1]) > 10 for one in found.entries
    )


def test_refused_answers_are_counted() -> None:
    gate = OneGate().approved("ada")
    refusal = {"stage": "production", "gate": "G", "approver": "ada", "reasons": ["no"], "wrong_code": True}
    gate.add(Kind.REFUSED, refusal)
    gate.add(Kind.REFUSED, refusal)
    assert (audited(gate).refused, audited(gate).faults) == (2, ())


def test_a_switch_without_all_approvals_is_named_with_what_was_missing() -> None:
    found = audited(switched("emil"))
    assert len(found.faults) == 1
    assert found.faults[0].startswith("fact 3: production switched, but at Production-Approval ada must approve")


def test_a_promotion_without_all_approvals_is_named() -> None:
    gate = OneGate().approved("emil")
    gate.add(Kind.PROMOTED, {"stage": "production"})
    assert "fact 3: production promoted, but" in audited(gate).faults[0]


def test_a_switch_that_nobody_was_asked_about_is_named_where_the_stage_has_a_gate() -> None:
    gate = OneGate()
    gate.add(Kind.SWITCHED, {"stage": "production"})
    assert audited(gate, "production").faults == ("fact 1: production switched, and nobody was asked",)
    assert audited(gate, "registry").faults == ()


def test_approvals_after_the_switch_are_too_late() -> None:
    gate = OneGate()
    gate.ask()
    gate.add(Kind.SWITCHED, {"stage": "production"})
    for name in ALL:
        gate.decide(name)
    assert "fact 2: production switched, but" in audited(gate).faults[0]


def test_an_approval_that_has_expired_since_was_good_when_it_was_used() -> None:
    gate = switched(*ALL)
    gate.now += 30 * DAY
    assert audited(gate).faults == ()


@pytest.mark.parametrize(("after", "holds"), [(True, True), (False, False)])
def test_a_credential_revoked_since_proved_it_then_and_one_revoked_before_did_not(after: bool, holds: bool) -> None:
    gate = switched(*ALL)
    decided = gate.facts[2].at
    moment = decided + DAY if after else decided
    person = gate.roster.people["ada"]
    credentials = tuple(one.model_copy(update={"revoked_at": moment}) for one in person.credentials)
    people = {**gate.roster.people, "ada": Enrolment(name="ada", credentials=credentials)}
    gate.roster = replace(gate.roster, people=people)
    found = audited(gate)
    assert (found.faults == ()) == holds
    assert found.entries[0].remark.startswith("its credential was revoked since, at ") == holds
    assert ("was revoked at" in found.entries[0].fault) == (not holds)


def test_a_key_that_the_tenant_withdrew_is_taken_from_the_decision_and_said() -> None:
    gate = OneGate(rules=[{"group": "ml-engineers"}])
    gate.ask()
    gate.decide("emil", way="entra")
    published = gate.roster
    gate.roster = replace(gate.roster, tenant_keys={})
    found = audited(gate)
    assert found.faults == ()
    assert found.entries[0].remark == "checked by the key kept with it: the tenant's was not at hand"
    assert audit(gate.facts, published).entries[0].remark == ""


def test_an_edited_decision_is_named_by_chain_and_signature() -> None:
    gate = switched(*ALL)
    facts = list(gate.facts)
    statement = {**facts[2].body["statement"], "comment": "all is well"}
    facts[2] = edited(facts[2], statement=statement)
    found = audit(facts, gate.roster)
    assert any("fact 2 (decided) was changed after fact 3" in fault for fault in found.faults)
    assert any(fault.startswith("fact 2 (decided): ") for fault in found.faults)
    assert found.entries[0].fault


def test_a_decision_of_another_release_is_named() -> None:
    gate, other = OneGate(), OneGate()
    other.release = other.release.model_copy(update={"name": "20251209.1"})
    body = {**other.decision(_asked(other).statement("ada")).model_dump(mode="json")}
    gate.ask()
    gate.add(Kind.DECIDED, {**body, "statement": {**body["statement"], "release": "20251209.1"}})
    fault = audited(gate).entries[0].fault
    assert "20251209.1" in fault


def _asked(gate: OneGate) -> OneGate:
    gate.ask()
    return gate


def test_a_decision_that_cannot_be_read_is_named() -> None:
    gate = OneGate()
    gate.add(Kind.DECIDED, {"stage": "production", "approver": "ada"})
    found = audited(gate)
    assert "fact 1 (decided): cannot be read (" in found.faults[0]
    assert (found.entries[0].sequence, found.entries[0].stage) == (1, "production")


def test_missing_and_reordered_facts_are_named() -> None:
    gate = switched(*ALL)
    facts = gate.facts
    assert any("fact 3 missing before fact 4" in fault for fault in audit((*facts[:3], *facts[4:]), gate.roster).faults)
    swapped = (*facts[:2], facts[3], facts[2], *facts[4:])
    assert any("out of order" in fault for fault in audit(swapped, gate.roster).faults)


def test_a_release_without_its_request_is_named() -> None:
    gate = OneGate().approved(*ALL)
    assert "fact 0 is missing" in audit(gate.facts[1:], gate.roster).faults[0] or any(
        "fact 0 is missing" in fault for fault in audit(gate.facts[1:], gate.roster).faults
    )


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"digest": "sha256:" + "0" * 64}, "and another is written beside it"),
        ({"release": {"name": "x"}}, "the manifest cannot be read"),
    ],
)
def test_a_changed_manifest_is_named(body: dict[str, Any], fault: str) -> None:
    gate = OneGate()
    found = audit((edited(gate.facts[0], **body),), gate.roster)
    assert [fault in one for one in found.faults] == [True]


def test_a_manifest_of_another_release_is_named() -> None:
    gate = OneGate()
    other = gate.release.model_copy(update={"name": "20251209.1"})
    fact = edited(gate.facts[0], release=other.model_dump(mode="json"), digest=other.digest)
    assert "the manifest is of release 20251209.1 of plants" in audit((fact,), gate.roster).faults[0]


def test_a_question_whose_declaration_cannot_be_read_is_named() -> None:
    gate = OneGate()
    gate.ask(policy={"name": "production"})
    gate.add(Kind.SWITCHED, {"stage": "production"})
    assert audited(gate).faults == ("fact 2 (switched): how production was declared cannot be read",)


def test_an_audit_file_says_the_same_anywhere() -> None:
    gate = switched(*ALL)
    file = AuditFile.parse(AuditFile.of(gate.facts, gate.roster, ("production",)).model_dump_json())
    assert audit(file.facts, file.roster, file.gated) == audited(gate, "production")
    assert isinstance(file.roster, Roster)


@pytest.mark.parametrize("text", ["", "[]", '{"facts": []}', '{"facts": 1, "more": 2}'])
def test_another_file_is_refused(text: str) -> None:
    with pytest.raises(Terminal, match="this is no audit file of Signalbox: "):
        AuditFile.parse(text)

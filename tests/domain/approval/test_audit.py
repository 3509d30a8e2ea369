"""An audit names everything that does not hold, and tells who decided what when everything does."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import declared_stages
import pytest
from cast import WAYS, Person
from one_gate import OneGate

from domain.approval.approvers import EnrolledApprovers
from domain.approval.audit import Audit, audit
from domain.approval.audit_bundle import AuditBundle
from domain.approval.decision import Decision
from domain.approval.proofs.enrolment import Enrolment
from domain.approval.statement import Choice
from domain.errors import Terminal
from domain.ledger.fact import Fact, Kind
from domain.ledger.signature import SigningKey, fingerprint
from domain.ledger.trust import Trust, Writer

ALL = ("ada", "emil", "olga")
DAY = timedelta(days=1)


def switched(*names: str) -> OneGate:
    """Approved by these, and then switched."""
    gate = OneGate().approved(*names)
    gate.add(Kind.SWITCHED, {"stage": "production"})
    return gate


def audited(gate: OneGate, *gated: str) -> Audit:
    return audit(gate.facts, gate.approvers, gated)


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
    assert audited(gate, "production").faults == ("fact 1: production switched, but nobody was asked",)
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


@pytest.mark.parametrize(("later", "holds"), [(DAY, True), (timedelta(), False), (-DAY, False)])
def test_a_credential_revoked_since_proved_it_then_and_one_revoked_before_did_not(
    later: timedelta, holds: bool
) -> None:
    gate = switched(*ALL)
    moment = gate.facts[2].at + later
    person = gate.approvers.people["ada"]
    credentials = tuple(one.model_copy(update={"revoked_at": moment}) for one in person.credentials)
    people = {**gate.approvers.people, "ada": Enrolment(name="ada", credentials=credentials)}
    gate.approvers = replace(gate.approvers, people=people)
    found = audited(gate)
    assert (found.faults == ()) == holds
    assert found.entries[0].remark.startswith("its credential has since been revoked, at ") == holds
    assert ("was revoked at" in found.entries[0].fault) == (not holds)


def test_a_key_that_the_tenant_withdrew_is_taken_from_the_decision_and_said() -> None:
    gate = OneGate(rules=[{"group": "ml-engineers"}])
    gate.ask()
    gate.decide("emil", way="entra")
    published = gate.approvers
    gate.approvers = replace(gate.approvers, tenant_keys={})
    found = audited(gate)
    assert found.faults == ()
    assert (
        found.entries[0].remark == "checked with the key kept with it, because the tenant's own key was not available"
    )
    assert audit(gate.facts, published).entries[0].remark == ""


def test_a_key_that_was_withdrawn_and_an_account_that_was_revoked_since_are_both_said() -> None:
    gate = OneGate()
    gate.ask()
    gate.decide("emil", way="token")
    revoked = gate.approvers.people["emil"].revoking(Person("emil").credential("token").id, gate.now + DAY)
    gate.approvers = EnrolledApprovers(gate.approvers.groups, {"emil": revoked})
    assert audited(gate).entries[0].remark == (
        "its credential has since been revoked, at 2025-12-11 12:03 UTC; "
        "checked with the key kept with it, because the tenant's own key was not available"
    )


@pytest.mark.parametrize("order", [1, -1], ids=["as enrolled", "the other way round"])
@pytest.mark.parametrize("way", ["ssh", "code", "token"])
def test_only_the_credential_that_proved_it_is_said_to_be_revoked_since(way: str, order: int) -> None:
    gate = OneGate()
    gate.ask()
    gate.decide("ada", way=way)
    own, moment = Person("ada").credential(way).id, gate.now + DAY
    enrolled = gate.approvers.people["ada"].credentials[::order]
    for revoked, remark in ((True, "its credential has since been revoked, at 2025-12-11 12:03 UTC"), (False, "")):
        credentials = tuple(
            one.model_copy(update={"revoked_at": moment}) if (one.id == own) is revoked else one for one in enrolled
        )
        gate.approvers = replace(gate.approvers, people={"ada": Enrolment(name="ada", credentials=credentials)})
        assert audited(gate).entries[0].remark == remark


def test_a_decision_that_cannot_be_read_takes_no_key_from_those_after_it() -> None:
    gate = OneGate()
    gate.ask()
    gate.add(Kind.DECIDED, {"stage": "production"})
    gate.decide("ada", way="token")
    gate.approvers = replace(gate.approvers, tenant_keys={})
    assert [one.fault != "" for one in audited(gate).entries] == [True, False]


def test_an_edited_decision_is_named_by_chain_and_signature() -> None:
    gate = switched(*ALL)
    facts = list(gate.facts)
    statement = {**facts[2].body["statement"], "comment": "all is well"}
    facts[2] = edited(facts[2], statement=statement)
    found = audit(facts, gate.approvers)
    assert any("fact 2 (decided) was changed after fact 3" in fault for fault in found.faults)
    assert any(fault.startswith("fact 2 (decided): ") for fault in found.faults)
    assert found.entries[0].fault


OTHER_RELEASES = [{"name": "20251209.1"}, {"name": "20251211.1"}, {"workload": "mills"}, {"workload": "quarries"}]


@pytest.mark.parametrize("changes", OTHER_RELEASES, ids=str)
def test_a_decision_of_another_release_is_named(changes: dict[str, str]) -> None:
    gate, other = OneGate(), OneGate()
    other.release = other.release.model_copy(update=changes)
    other.stored.slots.clear()
    other.now = gate.now
    other.ask()
    gate.add(Kind.DECIDED, other.decide("ada").body)
    of = f"release {other.release.name} of {other.release.workload}"
    assert audited(gate).faults == (f"fact 1 (decided): is about {of}: replayed from there",)


def test_a_decision_that_cannot_be_read_is_named() -> None:
    gate = OneGate()
    gate.add(Kind.DECIDED, {"stage": "production", "approver": "ada"})
    gate.add(Kind.DECIDED, {"approver": "ada"})
    found = audited(gate)
    assert "fact 1 (decided): cannot be read (" in found.faults[0]
    assert [(one.sequence, one.stage) for one in found.entries] == [(1, "production"), (2, "")]


def test_missing_and_reordered_facts_are_named() -> None:
    gate = switched(*ALL)
    facts = gate.facts
    assert any(
        "fact 3 missing before fact 4" in fault for fault in audit((*facts[:3], *facts[4:]), gate.approvers).faults
    )
    swapped = (*facts[:2], facts[3], facts[2], *facts[4:])
    assert any("out of order" in fault for fault in audit(swapped, gate.approvers).faults)


def test_a_release_without_its_request_is_named() -> None:
    gate = switched(*ALL)
    missing = "the release does not begin with its request: fact 0 is missing"
    assert audit(gate.facts[1:], gate.approvers).faults == ("fact 0 missing before fact 1 (asked)", missing)
    again = edited(gate.facts[0]).model_copy(update={"sequence": 1})
    assert missing in audit((again,), gate.approvers).faults


def test_a_second_request_does_not_stand_in_for_the_first() -> None:
    gate = OneGate()
    gate.release = declared_stages.manifest(version=4)
    gate.add(Kind.REQUESTED, {"release": gate.release.model_dump(mode="json"), "digest": gate.release.digest})
    gate.approved(*ALL)
    gate.add(Kind.SWITCHED, {"stage": "production"})
    (fault,) = audited(gate).faults
    assert fault.startswith("fact 6: production switched, but the approval by ada is void: it is about ")
    assert f"and this release is {declared_stages.manifest().digest}" in fault


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"digest": "sha256:" + "0" * 64}, "but a different one is recorded beside it"),
        ({"digest": "sha256:" + "f" * 64}, "but a different one is recorded beside it"),
        ({"digest": None}, "but a different one is recorded beside it"),
        ({"release": {"name": "x"}}, "the manifest cannot be read"),
    ],
)
def test_a_changed_manifest_is_named(body: dict[str, Any], fault: str) -> None:
    gate = OneGate()
    found = audit((edited(gate.facts[0], **body),), gate.approvers)
    assert [fault in one for one in found.faults] == [True]


def test_nothing_is_said_to_be_approved_or_not_when_the_manifest_cannot_be_read() -> None:
    gate = switched(*ALL)
    facts = (edited(gate.facts[0], release={"name": "x"}), *gate.facts[1:])
    changed, unreadable = audit(facts, gate.approvers, ("production",)).faults
    assert changed.startswith("fact 0 (requested) was changed after fact 1")
    assert unreadable == "fact 0 (requested): the manifest cannot be read"


@pytest.mark.parametrize("changes", OTHER_RELEASES, ids=str)
def test_a_manifest_of_another_release_is_named(changes: dict[str, str]) -> None:
    gate = OneGate()
    other = gate.release.model_copy(update=changes)
    fact = edited(gate.facts[0], release=other.model_dump(mode="json"), digest=other.digest)
    assert audit((fact,), gate.approvers).faults == (
        f"fact 0 (requested): the manifest is for release {other.name} of {other.workload}",
    )


def test_a_request_whose_declaration_cannot_be_read_is_named() -> None:
    gate = OneGate()
    gate.ask(policy={"name": "production"})
    gate.add(Kind.SWITCHED, {"stage": "production"})
    assert audited(gate).faults == ("fact 2 (switched): the declaration of production cannot be read",)


@pytest.mark.parametrize(
    "other",
    [{"gate": None}, {"name": "registry"}, {"name": "archive"}],
    ids=["no gate", "another stage", "yet another"],
)
def test_what_was_asked_about_something_else_is_named_and_hides_nothing_after_it(other: dict[str, Any]) -> None:
    """A question whose policy has no gate would be open to everybody."""
    gate = OneGate()
    gate.ask(policy={**gate.stage.model_dump(mode="json"), **other})
    first = gate.add(Kind.SWITCHED, {"stage": "production"})
    gate.ask()
    second = gate.add(Kind.SWITCHED, {"stage": "production"})
    named, unapproved = audited(gate).faults
    assert named == f"fact {first.sequence} (switched): what was asked about production was no gate of it"
    assert unapproved.startswith(f"fact {second.sequence}: production switched, but at Production-Approval ")


def test_facts_are_counted_by_who_wrote_them() -> None:
    gate, key, other = OneGate().approved("ada"), SigningKey.made(), SigningKey.made()
    facts = [one.signed(by) for one, by in zip(gate.facts, (key, None, other), strict=True)]
    trust = Trust(writers=(Writer(name="worker", key=key.public_key),))
    stranger = f"key {fingerprint(other.public_key)}"
    assert audit(facts, gate.approvers, (), trust).writers == {"worker": 1, "nobody (not signed)": 1, stranger: 1}
    assert audit(facts, gate.approvers).writers == {
        f"key {fingerprint(key.public_key)}": 1,
        "nobody (not signed)": 1,
        stranger: 1,
    }
    assert audit(facts, gate.approvers).faults == ()
    assert [one.partition(" does not count")[0] for one in audit(facts, gate.approvers, (), trust).faults] == [
        "fact 1 (asked)",
        "fact 2 (decided)",
    ]


def test_a_switch_that_names_no_stage_is_named() -> None:
    gate = OneGate().approved(*ALL)
    gate.add(Kind.SWITCHED, {"stages": ["production"]})
    assert audited(gate).faults == ("fact 5 (switched): it names no stage",)


@pytest.mark.parametrize("before", ["a stage without a gate", "nobody was asked", "unreadable", "no stage"])
def test_what_comes_before_a_switch_without_approval_does_not_hide_it(before: str) -> None:
    gate = OneGate()
    if before == "unreadable":
        gate.ask(policy={"name": "production"})
    stage = {"a stage without a gate": "test", "no stage": None}.get(before, "production")
    gate.add(Kind.SWITCHED, {"stage": stage})
    gate.ask()
    gate.add(Kind.SWITCHED, {"stage": "production"})
    fault = audited(gate, "production").faults[-1]
    assert f"fact {gate.facts[-1].sequence}: production switched, but at Production-Approval ada must approve" in fault


def test_an_approval_that_takes_the_switchs_own_number_does_not_come_before_it() -> None:
    gate = OneGate(rules=[{"group": "ml-engineers"}]).approved("ada")
    approval = gate.facts[2]
    gate.add(Kind.SWITCHED, {"stage": "production"})
    assert audited(gate).faults == ()
    same = approval.model_copy(update={"sequence": 3})
    faults = audit((*gate.facts[:2], gate.facts[3], same), gate.approvers).faults
    assert any(fault.startswith("fact 3: production switched, but at Production-Approval") for fault in faults)


def test_a_switch_is_judged_by_the_last_request_before_it() -> None:
    gate = OneGate().approved("emil")
    gate.declare(rules=[{"group": "ml-engineers"}])
    gate.approved("emil")
    gate.add(Kind.SWITCHED, {"stage": "production"})
    assert audited(gate).faults == ()
    gate.declare(rules=[{"group": "operations"}])
    gate.ask()
    gate.add(Kind.SWITCHED, {"stage": "production"})
    (fault,) = audited(gate).faults
    assert fault.startswith("fact 7: production switched, but the approval by emil is void: ")


def test_an_audit_file_says_the_same_anywhere() -> None:
    gate = switched(*ALL)
    file = AuditBundle.parse(AuditBundle.of(gate.facts, gate.approvers, ("production",)).model_dump_json())
    assert audit(file.facts, file.approvers, file.gated) == audited(gate, "production")
    assert isinstance(file.approvers, EnrolledApprovers)


@pytest.mark.parametrize("text", ["", "[]", '{"facts": []}', '{"facts": 1, "more": 2}', b"\xff\xfe{"])
def test_another_file_is_refused(text: str | bytes) -> None:
    with pytest.raises(Terminal, match="this is not a Signalbox audit file: "):
        AuditBundle.parse(text)


@pytest.mark.parametrize("way", ["code", "fresh token"])
def test_a_code_or_token_that_proves_two_decisions_is_named(way: str) -> None:
    gate = OneGate(rules=[{"group": "ml-engineers"}])
    gate.ask()
    proof = Decision.model_validate(gate.decide("ada", way=way).body).proof
    other = gate.statement("ada", Choice.REJECT, "no")
    again = gate.keep(gate.decision(other), proof=proof)
    named = (
        f"fact {again.sequence} (decided): its proof already proved another decision, and a code or token counts once"
    )
    assert named in audited(gate).faults

"""A gate opens for people who are allowed, about exactly this, in time; each thing that is not so keeps it shut."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import declared_stages
import pytest
from cast import WAYS, Person
from one_gate import MINUTE, OneGate
from pydantic import ValidationError

from domain.approval.decision import Decision
from domain.approval.statement import Choice
from domain.approval.verdict import Verdict, faults_of_kind, why_expired
from domain.declaration.gate import ProofKind
from domain.declaration.place import Place
from domain.errors import Terminal
from domain.ledger.fact import Kind

ALL = ("ada", "emil", "olga")
SMALLER, LARGER = "sha256:" + "0" * 64, "sha256:" + "f" * 64
"""No digest of anything; one comes before all others, one after them."""
DAY = timedelta(days=1)


def test_a_stage_without_a_gate_is_open() -> None:
    gate = OneGate("test")
    assert gate.judge().verdict is Verdict.OPEN
    assert gate.judge().reasons == gate.judge().counted == ()
    assert not gate.judge().closed


@pytest.mark.parametrize("way", WAYS)
def test_a_gate_opens_when_all_its_rules_are_met(way: str) -> None:
    gate = OneGate()
    gate.ask()
    for name in ALL:
        assert gate.judge().verdict is Verdict.WAITING
        gate.decide(name, way=way)
    approval = gate.judge()
    assert (approval.verdict, approval.reasons, approval.closed) == (Verdict.OPEN, (), False)
    assert [one.statement.approver for one in approval.counted] == list(ALL)


def test_a_gate_says_who_is_missing() -> None:
    gate = OneGate().approved("emil")
    assert gate.judge().reasons == (
        "at Production-Approval ada must approve for ml-engineers",
        "at Production-Approval 1 more of operations must approve",
    )
    assert [one.statement.approver for one in gate.judge().counted] == ["emil"]


def test_the_same_person_twice_is_one() -> None:
    gate = OneGate(rules=[{"group": "ml-engineers", "approvals": 2}]).approved("emil", "emil")
    assert gate.judge().reasons == ("at Production-Approval 1 more of ml-engineers must approve",)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"release": "20251209.1"}, "it is about release 20251209.1 of plants"),
        ({"release": "20251211.1"}, "it is about release 20251211.1 of plants"),
        ({"workload": "mills"}, "it is about release 20251210.1 of mills"),
        ({"workload": "quarries"}, "it is about release 20251210.1 of quarries"),
        ({"release_digest": SMALLER}, f"it is about {SMALLER}, and this release is sha256:"),
        ({"release_digest": LARGER}, f"it is about {LARGER}, and this release is sha256:"),
        ({"stage": "canary"}, "it was given at Production-Approval of canary"),
        ({"stage": "registry"}, "it was given at Production-Approval of registry"),
        ({"gate": "Canary-Approval"}, "it was given at Canary-Approval of production"),
        ({"gate": "Registry-Approval"}, "it was given at Registry-Approval of production"),
        ({"policy_digest": SMALLER}, "stage production has been declared differently since"),
        ({"policy_digest": LARGER}, "stage production has been declared differently since"),
        ({"asked": SMALLER}, "it answers another approval request, or the ledger was changed before it"),
        ({"asked": LARGER}, "it answers another approval request, or the ledger was changed before it"),
        ({"report_digest": SMALLER}, "it is about different evidence, or a different time"),
        ({"report_digest": LARGER}, "it is about different evidence, or a different time"),
        (
            {"expires_at": declared_stages.START + timedelta(hours=1)},
            "it is about different evidence, or a different time",
        ),
        ({"expires_at": declared_stages.START + 9 * DAY}, "it is about different evidence, or a different time"),
    ],
)
def test_an_approval_of_something_else_is_void(changes: dict[str, Any], reason: str) -> None:
    gate = OneGate()
    gate.approved("emil", "olga")
    gate.keep(gate.decision(gate.statement("ada", **changes)), stage="production")
    approval = gate.judge()
    assert approval.verdict is Verdict.WAITING
    assert approval.reasons[0].startswith(f"the approval by ada is void: {reason}")
    assert "; " not in approval.reasons[0]


def test_a_decision_that_is_filed_under_another_stage_does_not_count_there() -> None:
    gate = OneGate().approved("emil", "olga")
    gate.keep(gate.decision(gate.statement("ada", stage="test")), stage="test")
    assert gate.judge().reasons == ("at Production-Approval ada must approve for ml-engineers",)


def test_what_was_proven_about_another_text_is_void() -> None:
    gate = OneGate().approved("emil", "olga")
    decision = gate.decision(gate.statement("ada"))
    gate.keep(decision, statement=decision.statement.model_copy(update={"comment": "but only if"}))
    assert "the approval by ada is void: the SSH signature is not over this statement" in gate.judge().reasons[0]


def test_a_changed_manifest_voids_every_approval() -> None:
    gate = OneGate().approved(*ALL)
    gate.release = declared_stages.manifest(version=4)
    assert gate.judge().verdict is Verdict.WAITING
    assert len(gate.judge().reasons) == 6
    assert all(
        f"void: it is about {declared_stages.manifest().digest}, and this release is {gate.release.digest}; nobody has asked"
        in why
        for why in gate.judge().reasons[:3]
    )


@pytest.mark.parametrize("edit", sorted(set(declared_stages.EDITS) - {"as agreed"}))
def test_an_edited_declaration_voids_every_approval(edit: str) -> None:
    gate = OneGate().approved(*ALL)
    gate.stage = declared_stages.stages(edit)[2]
    assert gate.judge().verdict is Verdict.WAITING
    assert gate.judge().counted == ()
    assert "stage production has been declared differently since" in gate.judge().reasons[0]


def test_a_declaration_that_is_what_it_was_again_is_what_was_approved() -> None:
    gate = OneGate().approved(*ALL)
    gate.stage = declared_stages.stages("other words")[2]
    gate.ask()
    gate.stage = declared_stages.stages()[2]
    assert gate.judge().verdict is Verdict.OPEN


def test_a_newer_request_voids_the_answers_to_the_one_before() -> None:
    gate = OneGate().approved(*ALL)
    gate.ask()
    assert "it answers another approval request" in gate.judge().reasons[0]


def test_an_approval_that_stands_before_its_request_is_void() -> None:
    gate = OneGate().approved("emil", "olga")
    decision = gate.decision(gate.statement("ada"))
    request = gate.stored.slots.pop(1)
    gate.keep(decision)
    gate.stored.slots[9] = request.replace('"sequence":1', '"sequence":9')
    assert gate.judge().verdict is Verdict.WAITING
    assert gate.judge().counted == ()


@pytest.mark.parametrize("number", [0, 1], ids=["before the request", "in its place"])
def test_an_approval_whose_number_comes_no_later_than_its_requests_is_void(number: int) -> None:
    gate = OneGate(rules=[{"group": "ml-engineers"}]).approved("ada")
    gate.stored.slots[2] = gate.stored.slots[2].replace('"sequence":2', f'"sequence":{number}')
    why = "the approval by ada is void: it answers another approval request, or the ledger was changed before it"
    assert gate.judge().reasons[0] == why
    assert gate.judge().counted == ()


def test_nobody_has_asked() -> None:
    gate = OneGate().approved(*ALL)
    gate.stored.slots[1] = gate.stored.slots[1].replace('"kind":"asked"', '"kind":"notified"')
    assert "nobody has asked for it, or the approval request was changed" in gate.judge().reasons[0]


def test_a_request_with_longer_times_than_declared_is_no_request() -> None:
    gate = OneGate()
    gate.ask(expires_at=gate.now + 2 * DAY + timedelta(seconds=1))
    for name in ALL:
        gate.decide(name)
    assert "nobody has asked for it, or the approval request was changed" in gate.judge().reasons[0]


@pytest.mark.parametrize(
    ("early", "late", "void"),
    [(0, 0, False), (2, 0, False), (3, 0, True), (0, 1, True)],
    ids=["at once", "with the request", "before the request", "after it was written"],
)
def test_an_approval_is_given_between_the_request_and_its_fact(early: int, late: int, void: bool) -> None:
    gate = OneGate(rules=[{"group": "ml-engineers"}])
    gate.ask()
    gate.now += MINUTE
    gate.keep(gate.decision(gate.statement("ada")), decided_at=gate.now - early * MINUTE + late * MINUTE)
    assert (gate.judge().verdict is Verdict.WAITING) is void
    if void:
        why = "the approval by ada is void: it was given before the approval request, or after it was written down"
        assert gate.judge().reasons[0] == why


@pytest.mark.parametrize(("seconds", "counts"), [(0, True), (1, False)])
def test_an_approval_comes_before_the_time_is_up(seconds: int, counts: bool) -> None:
    gate = OneGate(rules=[{"group": "ml-engineers"}], timeout_minutes=60)
    asked = gate.ask()
    gate.now = asked.at + 60 * MINUTE + timedelta(seconds=seconds)
    gate.decide("ada")
    assert (gate.judge().verdict is Verdict.OPEN) is counts
    assert counts or gate.judge().reasons[0] == "the approval by ada is void: it came after the deadline"


@pytest.mark.parametrize(("seconds", "counts"), [(0, True), (1, False)])
def test_an_approval_expires(seconds: int, counts: bool) -> None:
    gate = OneGate(rules=[{"group": "ml-engineers"}], timeout_minutes=60, valid_minutes=30).approved("ada")
    expires = gate.statement("ada").expires_at
    approval = gate.judge(expires + timedelta(seconds=seconds))
    assert (approval.verdict is Verdict.OPEN) is counts
    why = f"the approval by ada is void: it expired at {expires:%Y-%m-%d %H:%M} UTC"
    assert counts or approval.reasons[0] == why


@pytest.mark.parametrize(
    ("name", "role"), [("rhea", "requester"), ("carl", "commit author"), ("petra", "data publisher")]
)
def test_who_had_a_part_in_it_does_not_approve_it(name: str, role: str) -> None:
    gate = OneGate(rules=[{"group": "ml-engineers"}]).approved(name)
    why = f"{name} is the release's {role}, so somebody else must approve"
    assert gate.judge().reasons[0] == f"the approval by {name} is void: {why}"
    assert gate.why_not(name) == (why,)


@pytest.mark.parametrize("name", ["petra", "grace"])
def test_nobody_of_several_who_had_a_part_in_it_approves_it(name: str) -> None:
    gate = OneGate(rules=[{"group": "ml-engineers"}])
    first, second = gate.release.units
    published = (first, second.model_copy(update={"data_publisher": "grace"}))
    gate.release = gate.release.model_copy(update={"units": published})
    gate.ask()
    assert gate.why_not(name) == (f"{name} is the release's data publisher, so somebody else must approve",)


def test_who_had_a_part_in_it_may_reject_it() -> None:
    gate = OneGate()
    gate.ask()
    assert gate.why_not("rhea", Choice.REJECT, "the data is old") == ()


def test_nobody_is_excluded_when_the_gate_excludes_nobody() -> None:
    gate = OneGate(rules=[{"group": "ml-engineers"}], not_by=[]).approved("rhea")
    assert gate.judge().verdict is Verdict.OPEN


def test_a_member_who_left_does_not_count() -> None:
    gate = OneGate().approved(*ALL)
    gate.approvers = replace(gate.approvers, groups={**gate.approvers.groups, "operations": frozenset({"grace"})})
    reasons = gate.judge().reasons
    assert reasons[0].startswith("the approval by olga is void: olga is not a member of ml-engineers or operations; ")
    assert reasons[1:] == ("at Production-Approval 1 more of operations must approve",)


def test_a_revoked_credential_voids_what_it_proved() -> None:
    gate = OneGate().approved(*ALL)
    revoked = gate.approvers.people["ada"].revoking(Person("ada").credential("ssh").id, gate.now)
    gate.approvers = replace(gate.approvers, people={**gate.approvers.people, "ada": revoked})
    assert gate.judge().verdict is Verdict.WAITING
    assert "void: ada's credential SHA256:" in gate.judge().reasons[0]
    assert "was revoked at 2025-12-10" in gate.judge().reasons[0]


def refuse(gate: OneGate, times: int) -> None:
    for _ in range(times):
        body = {"stage": "production", "gate": "g", "approver": "ada", "reasons": ["no"], "wrong_code": True}
        gate.add(Kind.REFUSED, body)


def test_wrong_codes_by_a_stranger_take_no_approval_and_no_rejection_away() -> None:
    gate = OneGate(rules=[{"group": "ml-engineers"}])
    gate.ask()
    refuse(gate, 9)
    assert gate.why_not("ada") == ()
    gate.decide("ada")
    assert gate.judge().verdict is Verdict.OPEN
    refuse(gate, 9)
    assert gate.judge().verdict is Verdict.OPEN


def test_a_rejection_stops_the_release_whatever_else_was_said() -> None:
    gate = OneGate().approved(*ALL)
    gate.decide("rhea", Choice.REJECT, "the data is old")
    gate.decide("grace")
    approval = gate.judge()
    assert approval.verdict is Verdict.REJECTED
    assert approval.reasons == ("rhea rejected it at Production-Approval: the data is old",)
    assert [one.statement.choice for one in approval.counted] == [Choice.REJECT]


def test_a_rejection_at_another_stage_is_not_one_here() -> None:
    gate = OneGate("registry", edit="as agreed").approved("ada")
    here = gate.judge()
    rejection = gate.decision(gate.statement("emil", Choice.REJECT, "no", stage="production"))
    gate.keep(rejection, stage="production")
    assert here.verdict is gate.judge().verdict is Verdict.OPEN


def test_a_decision_that_cannot_be_read_does_not_count() -> None:
    gate = OneGate().approved("ada", "emil")
    gate.add(Kind.DECIDED, {"stage": "production", "approved": True})
    assert gate.judge().reasons[0] == "the decision in fact 4 cannot be read"
    assert gate.judge().verdict is Verdict.WAITING


def test_a_gate_stays_shut_in_a_freeze_and_opens_after_it() -> None:
    gate = OneGate().approved(*ALL)
    night, morning = gate.now.replace(hour=23, minute=0), gate.now.replace(hour=5, minute=0) + DAY
    frozen = gate.judge(night)
    assert frozen.verdict is Verdict.WAITING
    assert frozen.reasons == ("at Production-Approval there is a freeze (night shift) until 2025-12-11 05:00 UTC",)
    assert gate.judge(morning).verdict is Verdict.OPEN


def test_a_gate_opens_only_in_its_windows() -> None:
    gate = OneGate(freezes=[], windows=[declared_stages.DAY]).approved(*ALL)
    assert gate.judge(gate.now.replace(hour=17)).verdict is Verdict.OPEN
    assert gate.judge(gate.now.replace(hour=18)).reasons == (
        "at Production-Approval it is outside the stage's windows; the next one opens at 2025-12-11 06:00 UTC",
    )


def test_nobody_approves_in_a_freeze_and_everybody_may_reject() -> None:
    gate = OneGate()
    gate.ask()
    gate.now = gate.now.replace(hour=23, minute=0)
    assert gate.why_not("ada") == ("there is a freeze (night shift) until 2025-12-11 05:00 UTC; approve then",)
    assert gate.why_not("ada", Choice.REJECT, "no") == ()
    assert gate.why_not("ivan", Choice.BREAK_GLASS, "it burns") == ()


def test_breaking_the_glass_opens_at_once_even_in_a_freeze_and_for_the_requester() -> None:
    gate = OneGate()
    gate.ask()
    gate.decide("rhea", Choice.BREAK_GLASS, "production stands still")
    assert gate.judge(gate.now.replace(hour=23)).verdict is Verdict.OPEN


@pytest.mark.parametrize(
    ("name", "comment", "why"),
    [
        ("ada", "it burns", "ada is not a member of incident"),
        ("ivan", "", "break-glass needs a comment that says why"),
        ("ivan", " \n", "break-glass needs a comment that says why"),
    ],
)
def test_breaking_the_glass_needs_the_group_and_a_reason(name: str, comment: str, why: str) -> None:
    gate = OneGate()
    gate.ask()
    assert gate.why_not(name, Choice.BREAK_GLASS, comment) == (why,)
    gate.decide(name, Choice.BREAK_GLASS, comment)
    assert gate.judge().verdict is Verdict.WAITING
    assert gate.judge().reasons[0] == f"the approval by {name} is void: {why}"


def test_no_glass_is_broken_where_none_is_declared() -> None:
    gate = OneGate(break_glass=None)
    gate.ask()
    why = "ivan is not a member of any group that may break the glass here: none is declared"
    assert gate.why_not("ivan", Choice.BREAK_GLASS, "it burns") == (why,)


def test_who_may_break_the_glass_may_not_approve_for_that() -> None:
    gate = OneGate()
    gate.ask()
    assert gate.why_not("ivan") == ("ivan is not a member of ml-engineers or operations",)
    assert gate.why_not("ivan", Choice.REJECT, "no") == gate.why_not("ivan")
    assert gate.why_not("mallory") == ("mallory is not a member of ml-engineers or operations",)


def test_an_answer_without_what_it_needs_is_refused() -> None:
    gate = OneGate().approved("ada")
    assert gate.why_not("emil") == gate.why_not("ada", Choice.REJECT, "no") == ()
    assert gate.why_not("ada") == ("ada has already approved, and each approver counts once",)
    assert gate.why_not("ada", Choice.REJECT, "\t") == ("reject needs a comment that says why",)


@pytest.mark.parametrize(("approved", "other"), [("ada", "emil"), ("emil", "ada")])
def test_what_one_approver_said_keeps_no_other_from_approving(approved: str, other: str) -> None:
    assert OneGate().approved(approved).why_not(other) == ()


def test_who_approved_something_else_may_approve_again() -> None:
    gate = OneGate().approved("ada")
    gate.ask()
    assert gate.why_not("ada") == ()


def test_a_stage_without_a_gate_takes_no_answer() -> None:
    gate = OneGate()
    gate.ask()
    gate.stage = declared_stages.stages()[1]
    assert gate.why_not("ada") == ("stage test has no gate, so nobody is asked there",)


def test_decisions_at_other_stages_do_not_hide_those_at_this_one() -> None:
    other = OneGate("registry").approved("ada").facts[-1]
    gate = OneGate()
    gate.add(Kind.DECIDED, dict(other.body))
    assert gate.approved("ada", "emil", "olga").judge().verdict is Verdict.OPEN


def test_of_a_token_that_counts_no_more_everything_else_is_said_too() -> None:
    gate = OneGate(rules=[{"group": "ml-engineers"}])
    gate.ask()
    gate.decide("ada", way="fresh token")
    proof = Decision.model_validate(gate.facts[-1].body).proof
    gate.ask()
    gate.keep(gate.decision(gate.statement("ada")), proof=proof)
    reasons = "; ".join(gate.judge(gate.now + timedelta(days=30)).reasons)
    assert "its proof already proved another decision, and a code or token counts once" in reasons
    assert (
        "it expired at" in reasons.partition("its proof already proved")[0].rpartition("the approval by ada is void")[2]
    )


@pytest.mark.parametrize("way", ["fresh token", "code"])
def test_a_code_or_token_counts_once_in_a_release(way: str) -> None:
    gate = OneGate(rules=[{"group": "ml-engineers"}])
    gate.ask()
    gate.decide("ada", way=way)
    assert gate.judge().verdict is Verdict.OPEN
    proof = Decision.model_validate(gate.facts[-1].body).proof
    gate.keep(gate.decision(gate.statement("ada")), proof=proof)
    assert gate.judge().verdict is Verdict.OPEN, "the same decision twice, after a crash, is the same"
    gate.ask()
    gate.keep(gate.decision(gate.statement("ada")), proof=proof)
    assert gate.judge().verdict is Verdict.WAITING
    void = next(reason for reason in gate.judge().reasons if "proof already" in reason)
    assert void.startswith("the approval by ada is void: ")
    assert "its proof already proved another decision, and a code or token counts once" in void


def test_the_same_decision_twice_is_no_misuse_of_its_token() -> None:
    gate = OneGate(rules=[{"group": "ml-engineers", "approvals": 2}])
    gate.ask()
    decided = gate.decide("ada", way="fresh token")
    gate.add(Kind.DECIDED, decided.body)
    assert gate.judge().reasons == ("at Production-Approval 1 more of ml-engineers must approve",)


@pytest.mark.parametrize("way", ["token", "fresh token"])
def test_a_decision_that_cannot_be_read_takes_no_token_from_another(way: str) -> None:
    gate = OneGate(rules=[{"group": "ml-engineers"}])
    gate.add(Kind.DECIDED, {"stage": "production", "approved": True})
    gate.ask()
    gate.decide("ada", way=way)
    assert gate.judge().verdict is Verdict.OPEN


def test_other_tokens_and_other_proofs_of_the_same_person_count() -> None:
    gate = OneGate(rules=[{"group": "ml-engineers"}])
    for way in (*WAYS, *reversed(WAYS)):
        gate.ask()
        gate.decide("ada", way=way)
        assert gate.judge().verdict is Verdict.OPEN, way


@pytest.mark.parametrize("way", ["ssh", "code"])
def test_a_revoked_key_cannot_be_enrolled_again(way: str) -> None:
    gate = OneGate()
    credential = Person("ada").credential(way)
    revoked = gate.approvers.people["ada"].revoking(credential.id, gate.now)
    with pytest.raises(
        Terminal, match=r"ada's credential .* was revoked at 2025-12-10 12:01 UTC and cannot be enrolled again"
    ):
        revoked.with_credential(Person("ada").credential(way, gate.now))
    assert revoked.with_credential(Person("ada", 1).credential(way)).credentials[-1].revoked_at is None


def test_an_account_that_was_revoked_comes_back_without_what_it_had_proven() -> None:
    gate = OneGate(rules=[{"group": "ml-engineers"}])
    gate.ask()
    gate.decide("ada", way="token")
    ada, account = gate.approvers.people["ada"], Person("ada").credential("token", gate.now)
    again = ada.revoking(account.id, gate.now).with_credential(account)
    gate.approvers = replace(gate.approvers, people={"ada": again})
    assert gate.judge().reasons[0] == (
        "the approval by ada is void: the token was issued at 2025-12-10 12:02:00 UTC, before the account was enrolled "
        "at 2025-12-10 12:03:00 UTC; sign in again"
    )
    gate.ask()
    gate.decide("ada", way="token")
    assert gate.judge().verdict is Verdict.OPEN


def test_a_token_of_the_second_in_which_its_account_was_enrolled_counts() -> None:
    gate = OneGate(rules=[{"group": "ml-engineers"}])
    gate.ask()
    account = Person("ada").credential("token", gate.now + timedelta(milliseconds=900))
    ada = gate.approvers.people["ada"].revoking(account.id, gate.now).with_credential(account)
    gate.approvers = replace(gate.approvers, people={"ada": ada})
    gate.decide("ada", way="token")
    assert gate.judge().verdict is Verdict.OPEN


@pytest.mark.parametrize("way", ["ssh", "code", "token"])
def test_enrolling_the_same_again_changes_nothing(way: str) -> None:
    ada = OneGate().approvers.people["ada"]
    assert ada.with_credential(Person("ada").credential(way, declared_stages.START)) == ada


def test_a_gate_that_did_not_open_in_time_says_whether_anybody_had_decided() -> None:
    gate = OneGate()
    asked = gate.ask()
    nobody = "nobody decided at Production-Approval before "
    assert why_expired(asked, gate.judge(), gate.facts).startswith(nobody)
    gate.decide("emil")
    assert why_expired(asked, gate.judge(), gate.facts) == (
        "Production-Approval did not open in time: at Production-Approval ada must approve for ml-engineers; "
        "at Production-Approval 1 more of operations must approve"
    )
    again = gate.ask()
    assert why_expired(again, gate.judge(), gate.facts).startswith(
        nobody
    )  # what was decided before is of another request
    gate.decide("ada")
    assert why_expired(again, gate.judge(), gate.facts).startswith("Production-Approval did not open in time")


PROVEN = {"ssh": "an SSH signature", "token": "an Entra ID token", "code": "a one-time code"}


@pytest.mark.parametrize("way", PROVEN)
@pytest.mark.parametrize(
    ("proofs", "takes", "named"),
    [
        (None, {"ssh", "token", "code"}, ""),
        (["ssh", "entra"], {"ssh", "token"}, "an SSH signature or an Entra ID token"),
        (["one_time_code"], {"code"}, "a one-time code"),
    ],
)
def test_an_approval_counts_by_the_kinds_of_proof_that_the_gate_takes(
    way: str, proofs: list[str] | None, takes: set[str], named: str
) -> None:
    gate = OneGate(rules=[{"group": "ml-engineers"}], **({"proofs": proofs} if proofs else {}))
    gate.ask()
    gate.decide("ada", way=way)
    if way in takes:
        assert gate.judge().verdict is Verdict.OPEN
    else:
        why = (
            f"the approval by ada is void: Production-Approval takes {named} as proof of an approval, not {PROVEN[way]}"
        )
        assert why in gate.judge().reasons


def test_breaking_the_glass_is_an_approval_and_a_rejection_counts_by_any_proof() -> None:
    gate = OneGate(rules=[{"group": "ml-engineers"}], proofs=["ssh"])
    gate.ask()
    gate.decide("ivan", Choice.BREAK_GLASS, "an emergency", way="code")
    assert gate.judge().verdict is Verdict.WAITING
    gate.decide("ada", Choice.REJECT, "no", way="code")
    assert gate.judge().verdict is Verdict.REJECTED


@pytest.mark.parametrize("proofs", [[], ["sms"], ["ssh", "ssh", "ssh", "ssh"]])
def test_the_kinds_of_proof_are_three_and_at_least_one(proofs: list[str]) -> None:
    with pytest.raises(ValidationError, match="proofs"):
        OneGate(proofs=proofs)


def test_a_gate_that_takes_all_proofs_is_declared_as_it_ever_was() -> None:
    """Its digest is what old approvals are bound to."""
    gate = OneGate().stage.gate
    assert gate is not None
    assert "proofs" not in gate.model_dump(mode="json")


def test_every_kind_of_proof_may_be_named() -> None:
    gate = OneGate(proofs=["ssh", "entra", "one_time_code"]).stage.gate
    assert gate is not None
    assert all(gate.takes(kind) for kind in ProofKind)


def test_any_proof_of_a_rejection_is_taken() -> None:
    gate = OneGate(rules=[{"group": "ml-engineers"}], proofs=["ssh"])
    gate.ask()
    said = gate.decision(gate.statement("ada", Choice.REJECT, "no"), "code")
    assert gate.stage.gate is not None
    assert faults_of_kind(said, gate.stage.gate) == ()
    assert faults_of_kind(gate.decision(gate.statement("ada"), "code"), gate.stage.gate) != ()


def test_a_signature_uses_up_nothing_and_codes_and_tokens_do() -> None:
    gate = OneGate()
    gate.ask()
    once = {way: gate.decision(gate.statement("ada"), way).proof.once for way in WAYS}
    assert once["ssh"] == ""
    assert once["code"].startswith("code:")
    assert once["token"].startswith("token ")


HERE, THERE = Place.of("/here"), Place.of("/there")


@pytest.mark.parametrize(
    ("asked", "judged", "verdict"),
    [
        (None, None, Verdict.OPEN),
        (HERE, HERE, Verdict.OPEN),
        (None, HERE, Verdict.OPEN),  # asked before places were known
        (HERE, None, Verdict.OPEN),  # who only looks knows none
        (HERE, THERE, Verdict.WAITING),
    ],
    ids=["none", "the same", "of before", "looked at", "elsewhere"],
)
def test_an_approval_is_for_the_place_that_was_asked_about(
    asked: Place | None, judged: Place | None, verdict: Verdict
) -> None:
    gate = OneGate(rules=[{"group": "ml-engineers"}])
    gate.stage = gate.stage.model_copy(update={"place": asked})
    gate.ask()
    gate.decide("ada")
    gate.stage = gate.stage.model_copy(update={"place": judged})
    found = gate.judge()
    assert found.verdict is verdict
    if verdict is Verdict.WAITING:
        assert (
            "stage production has been declared differently since, or its target points elsewhere" in found.reasons[0]
        )

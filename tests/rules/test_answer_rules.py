"""What people type into a form and the gate does not take: each is explained in the form that asks again."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
import time_machine
from pydantic import SecretStr
from tiny import APPROVE
from twins import TinyTwin, Twins

from blocks.code_secrets import FOLDER, CodeSecrets
from deployments.approval.form_client import FormAnswer, Pending
from domain.approval.proofs.lockout import MAX_WRONG_CODES
from domain.approval.proofs.one_time_code import CodeGenerator, new_secret, verification_key
from domain.approval.statement import Choice
from domain.ledger.fact import Kind, facts_of
from flows.approval import gate
from flows.deploy_version import deploy_version
from flows.release import release

END = {"decision": "reject", "approver": "ada", "comment": "the end of this test"}
BY_GRACE = {"decision": "approve", "approver": "grace", "comment": ""}


def asked(
    twins: Twins, tiny: TinyTwin, *answers: FormAnswer | Callable[[Pending], FormAnswer], by: str = "linus"
) -> tuple[str, list[str]]:
    """Release with these answers and then a rejection; how it ended, and how each form after the first began."""
    with twins.answering(*answers, END) as seen:
        state = twins.release_as_answered(tiny, tiny.candidates(), by)
    return state.name, [form.evidence.partition("\n")[0] for form in seen[1:]]


def code_of(secret: str, away: int = 0) -> str:
    """The code of a half minute; never one that ends while it is typed."""
    if time.time() % 30 > 28:
        time.sleep(30 - time.time() % 30)
    return str(pyotp.TOTP(secret).generate_otp(int(time.time()) // 30 + away))


def test_answers_that_prove_nothing_are_refused_one_by_one_with_their_reasons(twins: Twins, tiny: TinyTwin) -> None:
    def signed(
        by: str, over: Choice = Choice.APPROVE, comment: str = "", **said: str
    ) -> Callable[[Pending], FormAnswer]:
        """An answer with a signature that may be over something else than what is said."""
        return lambda form: {
            "decision": "approve", "approver": by, "comment": comment, "proof": twins.proof(form, by, over, comment), **said
        }  # fmt: skip

    garbage = {"decision": "approve", "approver": "ada", "comment": ""}
    ended, told = asked(
        twins,
        tiny,
        {**garbage, "approver": "mallory", "proof": "123456"},
        {**garbage, "proof": "yes, it is me"},
        {**garbage, "proof": "123456"},
        signed("grace", approver="ada"),
        signed("ada", over=Choice.REJECT, comment="no"),
        lambda form: {**signed("ada", comment="good")(form), "comment": "good, and more"},
        {**garbage, "proof": "-----BEGIN SSH SIGNATURE----- AAAA -----END SSH SIGNATURE-----"},
        {"decision": "reject", "approver": "ada", "comment": " ", "proof": "123456"},
    )
    reasons = [
        "mallory is not a member of ml-engineers",
        "neither a 6-digit code, nor an SSH signature, nor an RS256 token",
        "ada has enrolled no authenticator",
        "is not over this statement|is not enrolled by ada",
        "is not over this statement",
        "is not over this statement",
        "is not over this statement",
        "reject needs a comment",
    ]
    for shown, reason in zip(told, reasons, strict=True):
        assert shown.startswith("**Not accepted:**"), shown
        assert re.search(reason, shown), (reason, shown)
    assert ended == "Rejected"
    assert len(facts_of(twins.facts(tiny), Kind.REFUSED)) == len(reasons)
    assert facts_of(twins.facts(tiny), Kind.PROMOTED) == ()


def test_whoever_started_the_release_cannot_approve_it(twins: Twins, tiny: TinyTwin) -> None:
    ended, told = asked(twins, tiny, APPROVE, by="Ada <ada@example.org>")
    assert "ada is the release's requester, so somebody else must approve" in told[0]
    assert ended == "Rejected"  # to say no to it is everybody's right


def test_whoever_pushed_the_commit_that_names_a_version_cannot_approve_it(twins: Twins, tiny: TinyTwin) -> None:
    """As the event's trigger starts it: `requested_by` is the author that the event names."""
    changed = tiny.candidates()
    with twins.answering(APPROVE):
        assert release(tiny.name, changed.build_id, "linus", "registry", return_state=True).name == "Succeeded"
    with twins.answering(APPROVE, END) as seen:
        state = deploy_version(
            str(tiny.units()[0]),
            changed.circuits[0].model_version,
            "production",
            tiny.name,
            "Ada <ada@example.org>",
            return_state=True,
        )
    assert "ada is the release's requester, so somebody else must approve" in seen[1].evidence
    assert state.name == "Rejected"


def test_a_signature_with_a_revoked_key_is_refused(twins: Twins, tiny: TinyTwin) -> None:
    twins.change("grace", lambda known: known.revoking(known.credentials[0].id, datetime.now(UTC)))
    _, told = asked(twins, tiny, {**APPROVE, "approver": "grace"})
    assert "was revoked at" in told[0]


def test_a_code_is_checked_where_its_secret_is_and_where_it_is_not_a_key_still_counts(
    twins: Twins, tiny: TinyTwin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = new_secret()
    grace = CodeGenerator(
        secret_file="approver-grace",
        public_key=verification_key(secret),
        enrolled_at=datetime.now(UTC) - timedelta(days=1),
    )
    twins.enrol("grace", grace)
    by_code = {**BY_GRACE, "proof": code_of(secret)}
    monkeypatch.delenv(FOLDER, raising=False)
    _, told = asked(twins, tiny, by_code)
    assert "no code can be checked here: the secrets of authenticators lie in a folder" in told[0]
    monkeypatch.setenv(FOLDER, str(tmp_path / "code-secrets"))
    _, told = asked(twins, tiny, {**BY_GRACE, "proof": code_of(secret, away=-1)})
    assert "no code can be checked here: the secret approver-grace of an authenticator cannot be read" in told[0]
    CodeSecrets.here().write(grace.secret_file, SecretStr(secret))
    with twins.answering({**BY_GRACE, "proof": code_of(secret, away=1)}, END):
        twins.release_as_answered(tiny, tiny.candidates())
    [decided, _] = facts_of(twins.facts(tiny), Kind.DECIDED)
    assert decided.body["proof"]["credential"] == grace.id

    other = twins.enrol_code("grace")  # of two authenticators, one whose secret is gone takes nothing from the other
    (tmp_path / "code-secrets" / grace.secret_file).unlink()
    with twins.answering({**BY_GRACE, "proof": code_of(other)}, END):
        twins.release_as_answered(tiny, tiny.candidates())
    [decided, _] = facts_of(twins.facts(tiny), Kind.DECIDED)
    assert decided.body["proof"]["credential"] != grace.id


def test_a_code_works_once_and_five_wrong_ones_lock_the_authenticator_everywhere(twins: Twins, tiny: TinyTwin) -> None:
    secret = twins.enrol_code("grace")
    used: list[str] = []

    def right(_: Pending) -> FormAnswer:
        used.append(code_of(secret))
        return {**BY_GRACE, "proof": used[-1]}

    # the registry's gate takes the code, production's does not take it again
    with twins.answering(right, lambda _: {**BY_GRACE, "proof": used[0]}, END) as seen:
        state = twins.release_as_answered(tiny, tiny.candidates())
    assert state.message == "ada rejected it at Production-Approval: the end of this test"
    assert "this code or token came with an answer before" in seen[2].evidence

    wrong = {**BY_GRACE, "proof": code_of(secret, away=20)}
    _, told = asked(twins, tiny, *[wrong] * MAX_WRONG_CODES, lambda _: {**BY_GRACE, "proof": code_of(secret)})
    assert all("the code is not grace's, or it is more than 2.5 minutes old" in line for line in told[:MAX_WRONG_CODES])
    assert "accepts no code until" not in "".join(told[: MAX_WRONG_CODES - 1])
    for line in told[MAX_WRONG_CODES - 1 :]:
        assert re.search(r"accepts no code until .* UTC, because 5 wrong ones were entered within 15 minutes", line)
    facts = twins.facts(tiny)
    locked = [fact for fact in facts_of(facts, Kind.REFUSED) if "locked_until" in fact.body]
    assert len(locked) == 1
    notices = [fact.body for fact in facts_of(facts, Kind.NOTIFIED) if fact.body.get("about") == locked[0].digest]
    assert [one["subject"].split(" until")[0] for one in notices] == ["Wrong codes: grace's authenticator is locked"]

    # whoever guesses goes on at another release; who has a key decides there as before
    _, told = asked(twins, tiny, {**BY_GRACE, "proof": code_of(secret)}, {**APPROVE, "approver": "grace"})
    assert "accepts no code until" in told[0] and "Not accepted" not in "".join(told[1:])


def test_a_worker_whose_clock_is_an_hour_behind_takes_no_answer_and_says_why(twins: Twins, tiny: TinyTwin) -> None:
    behind = time_machine.travel(datetime.now(UTC) - timedelta(hours=1))

    def approve(form: Pending) -> FormAnswer:
        proof = twins.proof(form, "ada", Choice.APPROVE, "")
        behind.start()
        return {**APPROVE, "proof": proof}

    def reject(form: Pending) -> FormAnswer:
        behind.stop()
        return {**END, "proof": twins.proof(form, "ada", Choice.REJECT, END["comment"])}

    ended, told = asked(twins, tiny, approve, reject)
    assert re.search(r"this machine's clock says .* UTC, before the approval request of .*: set it right", told[0])
    assert ended == "Rejected"


@pytest.mark.parametrize(("minutes", "counts"), [(2, True), (-0.4, True), (3.5, False), (-2, False)])
def test_a_code_counts_by_the_verifier_s_clock_whatever_the_server_says(
    twins: Twins, tiny: TinyTwin, minutes: float, counts: bool
) -> None:
    secret = twins.enrol_code("grace")
    then = datetime.now(UTC) - timedelta(minutes=minutes)
    _, told = asked(twins, tiny, {**BY_GRACE, "proof": pyotp.TOTP(secret).at(then)})
    assert ("Not accepted" not in told[0]) is counts


def test_who_fills_the_ledger_with_answers_that_do_not_count_comes_to_an_end(
    twins: Twins, tiny: TinyTwin, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert gate.MAX_INVALID_ANSWERS == 100
    monkeypatch.setattr(gate, "MAX_INVALID_ANSWERS", 3)
    nobody = {"decision": "approve", "approver": "mallory", "comment": "", "proof": "123456"}
    with twins.answering(*[nobody] * 3) as seen:
        state = twins.release_as_answered(tiny, tiny.candidates())
    assert (state.name, len(seen)) == ("Aborted", 3)
    assert state.message.startswith(
        "3 answers at Registry-Approval did not count, and the gate takes no more: check who can"
    )
    assert len(facts_of(twins.facts(tiny), Kind.REFUSED)) == 3


def test_a_comment_is_shown_as_text_wherever_it_appears(twins: Twins, tiny: TinyTwin) -> None:
    nasty = "<script>alert(1)</script> **bold** {{ 7 * 7 }} [click](javascript:x)"
    with twins.answering({**APPROVE, "comment": nasty}, END) as seen:
        twins.release_as_answered(tiny, tiny.candidates())
    shown = seen[1].evidence
    assert "&lt;script>" in shown
    assert "<script>" not in shown
    assert "{{" not in shown
    assert re.findall(r"approve\*\* at Registry-Approval by ada: (.*)", shown)[0].count("7 \\* 7") == 1


def test_a_release_that_dies_while_it_waits_goes_on_with_the_same_request(twins: Twins, tiny: TinyTwin) -> None:
    changed = tiny.candidates()

    def dies(_: Pending) -> FormAnswer:
        raise twins.power.cut()

    with twins.power.failing(), twins.answering(dies):
        twins.release_as_answered(tiny, changed)
    asked_before = facts_of(twins.facts(tiny), Kind.ASKED)
    assert twins.release(tiny, changed, END).name == "Rejected"
    assert facts_of(twins.facts(tiny), Kind.ASKED) == asked_before  # with the same time to answer it
    assert len(twins.names(tiny)) == 1


def test_where_a_gate_takes_no_codes_the_form_says_what_it_takes(twins: Twins, tiny: TinyTwin) -> None:
    tiny.declare(production_gate={"proofs": ["ssh", "entra"]})
    secret = twins.enrol_code("grace")
    with twins.answering(APPROVE, lambda _: {**BY_GRACE, "proof": code_of(secret)}, END) as seen:
        twins.release_as_answered(tiny, tiny.candidates())
    assert "**Takes:** an SSH signature or an Entra ID token" in seen[1].evidence
    why = "Production-Approval takes an SSH signature or an Entra ID token as proof of an approval, not a one-time code"
    assert why in seen[2].evidence

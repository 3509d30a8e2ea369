"""Aim: approve by a code or token that somebody typed into an answer that was refused, read on the server."""

from datetime import UTC, datetime

import pytest
from cast import Person
from proof_making import claims, token
from test_answer_rules import BY_GRACE, asked, code_of
from twins import TinyTwin, Twins

from domain.ledger.fact import Kind, facts_of

STOLEN = {
    "a rejection without a reason": {"decision": "reject", "approver": "grace", "comment": "", "proof": "{code}"},
    "a name that is not quite hers": {"decision": "approve", "approver": "grice", "comment": "", "proof": "{code}"},
    "a decision that there is not": {"decision": "dunno", "approver": "grace", "comment": "", "proof": "{code}"},
    "a word beside it": {"decision": "approve", "approver": "grace", "comment": "", "proof": "code {code}"},
    "the wrong field": {"decision": "reject", "approver": "grace", "comment": "no! {code}", "proof": "see below"},
}


@pytest.mark.parametrize("first", STOLEN)
def test_a_code_that_came_with_an_answer_that_was_refused_makes_no_approval(
    twins: Twins, tiny: TinyTwin, first: str
) -> None:
    """Whoever reads it on the server puts it into an answer of their own."""
    code = code_of(twins.enrol_code("grace"))
    answer = {field: text.format(code=code) for field, text in STOLEN[first].items()}
    ended, told = asked(twins, tiny, answer, {**BY_GRACE, "proof": code})
    assert told[0].startswith("**Not accepted:**")
    assert "this code or token came with an answer before" in told[1]
    assert ended == "Rejected"
    assert [fact.body["statement"]["choice"] for fact in facts_of(twins.facts(tiny), Kind.DECIDED)] == ["reject"]


def test_a_token_that_came_with_an_answer_that_was_refused_makes_no_approval(twins: Twins, tiny: TinyTwin) -> None:
    """It names no statement, so whoever reads it could put it beside any."""
    grace, now = Person("grace"), datetime.now(UTC)
    twins.enrol("grace", grace.credential("token"))
    proof = token(claims(grace.object_id, now, auth_time=int(now.timestamp())))
    rejection = {"decision": "reject", "approver": "grace", "comment": "", "proof": proof}
    ended, told = asked(twins, tiny, rejection, {**BY_GRACE, "proof": proof})
    assert "reject needs a comment" in told[0]
    assert "this code or token came with an answer before" in told[1]
    assert ended == "Rejected"

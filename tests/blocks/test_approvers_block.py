"""How often a run that waits at its gate looks for an answer: bounded, and kept when somebody enrols."""

import pytest
from pydantic import ValidationError

from blocks.approvers import Approvers
from deployments.environments.environment import ApproversPart
from domain.approval.proofs.enrolment import Enrolment


@pytest.mark.parametrize("seconds", [0, -1, 61, float("nan")])
def test_a_poll_that_would_never_rest_or_hardly_ever_look_is_refused(seconds: float) -> None:
    for kind in (Approvers, ApproversPart):
        with pytest.raises(ValidationError, match="poll_seconds"):
            kind(members=["ada"], poll_seconds=seconds)


def test_an_enrolment_leaves_the_rest_of_its_group_as_it_was() -> None:
    group = Approvers(members=["ada", "grace"], notify=["slack-webhook/team"], poll_seconds=0.1)
    changed = group.with_enrolment(Enrolment(name="ada", aliases=("lovelace",)))
    assert (changed.members, changed.notify, changed.poll_seconds) == (group.members, group.notify, 0.1)
    assert changed.get_enrolment("ada").aliases == ("lovelace",)


@pytest.mark.parametrize(
    "again", ["Ada", " ada", "a\u200bda", "ａｄａ"], ids=["another case", "a blank", "unseen", "another form"]
)
def test_a_group_lists_nobody_twice(again: str) -> None:
    with pytest.raises(
        ValidationError, match="two members that are the same person, who would count twice: 'ada' and "
    ):
        Approvers(members=["ada", "grace", again])

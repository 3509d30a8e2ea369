"""What was asked, recorded and judged stays as it is: no later code can turn a refusal into a permission."""

import pytest
from one_gate import OneGate

from domain.approval.audit import audit
from domain.approval.quorum import missing_by_rule
from domain.approval.request import read_request
from domain.promotion.admission import admit
from domain.promotion.release_state import release_state


def test_no_field_can_be_given_another_value() -> None:
    gate = OneGate().approved("ada")
    admission = admit(gate.stage, [], gate.release, gate.facts, gate.approvers, gate.now)
    audited = audit(gate.facts, gate.approvers)
    state = release_state(gate.facts, [gate.stage], lambda _: gate.approvers, gate.now)
    missing = missing_by_rule(gate.stage.gate.rules, {})[0]  # type: ignore[union-attr]  # it has one
    for value in (
        gate.judge(),
        admission,
        state,
        state.waits,
        missing,
        gate.facts[1],
        read_request(gate.facts[1]),
        audited,
        audited.entries[0],
    ):
        assert vars(value)
        for name, content in vars(value).items():
            with pytest.raises((AttributeError, ValueError), match=r"frozen|cannot assign"):
                setattr(value, name, content)

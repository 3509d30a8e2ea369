"""What was asked before a replay that left doubts no longer stands, nor does any approval of it."""

from one_gate import OneGate

from domain.approval.request import doubts_of, open_request
from domain.approval.verdict import Verdict, judge
from domain.ledger.fact import Kind
from domain.verification.replay import ReplayResult


def test_only_doubts_make_a_request_void() -> None:
    gate = OneGate()
    asked = gate.ask()
    assert open_request(gate.release, gate.stage, gate.facts) == asked
    gate.add(Kind.REPLAYED, {"stage": "test", "verdict": ReplayResult.INCONCLUSIVE})
    gate.add(Kind.REPLAYED, {"stage": "production", "verdict": ReplayResult.PASSED})
    assert doubts_of(gate.facts, "production") is None
    assert open_request(gate.release, gate.stage, gate.facts) == asked
    doubted = gate.add(Kind.REPLAYED, {"stage": "production", "verdict": ReplayResult.INCONCLUSIVE})
    assert doubts_of(gate.facts, "production") == doubted
    assert open_request(gate.release, gate.stage, gate.facts) is None
    assert judge(gate.stage, gate.release, gate.facts, gate.approvers, gate.now).verdict is Verdict.WAITING
    again = gate.ask()
    assert open_request(gate.release, gate.stage, gate.facts) == again
    gate.add(Kind.REPLAYED, {"stage": "production", "verdict": ReplayResult.PASSED})
    assert open_request(gate.release, gate.stage, gate.facts) == again

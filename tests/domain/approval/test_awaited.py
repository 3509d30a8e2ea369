"""One line says which gate waits, for whom and until when; only for people who are still missing."""

from datetime import datetime, timedelta
from typing import Any

import declared_stages
import pytest
from one_gate import OneGate

from domain.approval.awaited import awaited

UNTIL = declared_stages.START + timedelta(hours=24)


def line(gate: OneGate, now: datetime | None = None) -> str:
    counted = gate.judge(now).counted
    return awaited(gate.release, gate.stage, counted, gate.approvers, UNTIL, now or gate.now)


@pytest.mark.parametrize(
    ("rules", "approved", "whom"),
    [
        ([{"group": "ml-engineers", "approvals": 2}], (), "2 of ml-engineers"),
        ([{"group": "ml-engineers", "approvals": 2}], ("emil",), "1 more of ml-engineers"),
        (
            [{"group": "ml-engineers", "approvals": 2, "required": ["ada"]}],
            (),
            "ada and 1 more of ml-engineers",
        ),
        ([{"group": "ml-engineers", "approvals": 2, "required": ["ada"]}], ("emil",), "ada of ml-engineers"),
        ([{"group": "ml-engineers", "approvals": 2, "required": ["ada"]}], ("ada",), "1 more of ml-engineers"),
        (
            [{"group": "ml-engineers"}, {"group": "operations", "approvals": 2}],
            (),
            "1 of ml-engineers and for 2 of operations",
        ),
        ([{"group": "ml-engineers"}, {"group": "operations"}], ("ada",), "1 of operations"),
    ],
)
def test_the_line_names_whom_the_gate_still_waits_for(
    rules: list[dict[str, Any]], approved: tuple[str, ...], whom: str
) -> None:
    gate = OneGate(rules=rules).approved(*approved)
    assert line(gate) == f"production gate of plants 20251210.1 waits for {whom}, until {UNTIL:%Y-%m-%d %H:%M} UTC"


def test_the_line_says_why_nobody_can_approve_now() -> None:
    starts = declared_stages.START.replace(tzinfo=None).isoformat()
    freeze = {"starts": starts, "minutes": 600, "reason": "audit\nweek"}
    gate = OneGate(rules=[{"group": "ml-engineers"}], freezes=[freeze]).approved()
    during, after = line(gate), line(gate, declared_stages.START + timedelta(days=1))
    assert "waits for 1 of ml-engineers, until" in during
    assert "UTC; nobody can approve now: there is a freeze (audit week) until " in during  # in one line
    assert after.endswith(" UTC")
    assert "freeze" not in after


def test_a_gate_whose_people_have_approved_waits_for_its_stage_to_open() -> None:
    starts = (declared_stages.START + timedelta(hours=1)).replace(tzinfo=None).isoformat()
    gate = OneGate(rules=[{"group": "ml-engineers"}], freezes=[{"starts": starts, "minutes": 60}]).approved("ada")
    told = line(gate, declared_stages.START + timedelta(minutes=90))
    assert "waits for the stage to open, until" in told
    assert "there is a freeze until" in told


def test_a_stage_without_a_gate_waits_for_nobody() -> None:
    gate = OneGate("test")
    with pytest.raises(ValueError, match="stage test has no gate"):
        awaited(gate.release, gate.stage, (), gate.approvers, UNTIL, gate.now)

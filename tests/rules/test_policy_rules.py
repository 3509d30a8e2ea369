"""A gate's rules, as they are declared: who counts, when, and what makes an approval void before anything is switched."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import prefect
import pytest
from begun import begin
from tiny import APPROVE, NOTHING
from twins import TinyTwin, Twins

from domain.approval.request import ApprovalRequest
from domain.errors import Terminal
from domain.ledger.fact import Kind, facts_of
from domain.outcome import Outcome
from domain.promotion.step import TakeStage
from domain.release.outcome import shown_ending
from flows.expire import expire
from flows.promotion.advance import Carrier
from flows.release import release
from tasks.ledger.facts import record
from tasks.workloads import declared_workload

GRACE = {**APPROVE, "approver": "grace"}


def test_a_quorum_of_two_needs_two_people_and_one_of_them_twice_is_one(twins: Twins, tiny: TinyTwin) -> None:
    tiny.declare(production_gate={"rules": [{"group": "ml-engineers", "approvals": 2, "required": ["grace"]}]})
    with twins.answering(APPROVE, APPROVE, APPROVE, GRACE) as seen:
        assert twins.release_as_answered(tiny, tiny.candidates()).name == "Succeeded"
    assert "grace must approve for ml-engineers" in seen[2].evidence
    assert "ada has already approved, and each approver counts once" in seen[3].evidence
    assert len(facts_of(twins.facts(tiny), Kind.DECIDED, "production")) == 2
    whom = ["1 of ml-engineers", "grace and 1 more of ml-engineers", "grace of ml-engineers", "grace of ml-engineers"]
    release_name = twins.newest(tiny)[0]
    assert [message.partition(", until ")[0] for message in twins.run.messages] == [
        f"{'production' if number else 'registry'} gate of {tiny.name} {release_name} waits for {who}"
        for number, who in enumerate(whom)
    ]
    assert twins.run.name == f"release {tiny.name} {twins.newest(tiny)[0]}"  # what lists of runs show


def test_a_gate_that_can_never_open_stops_the_release_before_anything_is_done(tiny: TinyTwin) -> None:
    tiny.declare(production_gate={"rules": [{"group": "ml-engineers", "approvals": 4}]})
    with pytest.raises(Terminal, match="Production-Approval can never open: 1 more of ml-engineers must approve"):
        release(tiny.name, tiny.candidates().build_id, "linus")


def test_a_freeze_is_told_and_only_the_glass_breaks_it_loudly(twins: Twins, tiny: TinyTwin) -> None:
    since = (datetime.now(UTC) - timedelta(hours=1)).replace(tzinfo=None, microsecond=0).isoformat()
    freeze = {"starts": since, "minutes": 600, "reason": "audit week"}
    tiny.declare(production_gate={"freezes": [freeze], "break_glass": {"group": "ml-engineers"}})
    glass = {"decision": "break-glass", "approver": "grace", "comment": "the sensors lie, and the plant runs"}
    with twins.answering(APPROVE, APPROVE, {**glass, "comment": ""}, glass) as seen:
        assert twins.release_as_answered(tiny, tiny.candidates()).name == "Succeeded"
    assert "there is a freeze (audit week) until" in seen[2].evidence.partition("\n")[0]
    assert "break-glass needs a comment" in seen[3].evidence
    assert "; nobody can approve now: there is a freeze (audit week) until" in twins.run.messages[1]
    told = [fact.body["subject"] for fact in facts_of(twins.facts(tiny), Kind.NOTIFIED, "production")]
    assert told[1].startswith("!!! BREAK GLASS: grace let")


VOID = {
    "declaration": "stage production has been declared differently since",
    "revoked": r"ada's credential SHA256:\S+ was revoked",
    "model": "what was requested is|changed after it was registered",
    "model content": r"the files of model tiny-a1:1 in registry \S+ changed after it was registered",
    "ledger": r"fact \d+ \(verified\) was changed",
    "newest fact": r"fact \d+ \(decided\) was written, and the ledger no longer has it",
}


@pytest.mark.parametrize("what", VOID)
def test_what_changes_after_the_approval_voids_it_before_the_switch(
    twins: Twins, tiny: TinyTwin, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """The change comes between the last approval and the switch, while the stage is being deployed."""
    take = Carrier.take

    def revoke(known: Any) -> Any:
        return known.revoking(known.credentials[0].id, datetime.now(UTC))

    def changed_meanwhile(self, step):  # type: ignore[no-untyped-def]
        if isinstance(step, TakeStage) and step.stage.name == "production":
            stage, manifest = step.stage, self._plan.release
            if what == "declaration":
                gate = stage.gate.model_copy(update={"instructions": "Look the other way."})
                stage = stage.model_copy(update={"gate": gate})
            if what == "revoked":
                twins.change("ada", revoke)
            if what == "model":
                unit = manifest.units[0].model_copy(update={"model_digest": "sha256:" + "e" * 64})
                manifest = manifest.model_copy(update={"units": (unit, *manifest.units[1:])})
            if what == "model content":
                twins.models.registry["tiny-a1", "1"] += "!"
            if what == "ledger":
                slot = next(fact for fact in twins.facts(tiny) if fact.kind is Kind.VERIFIED).slot
                text = twins.blobs.download_blob(slot).readall().replace(b'"passed":true', b'"passed":1.0')
                twins.blobs.upload_blob(slot, text, overwrite=True)
            if what == "newest fact":
                twins.blobs.delete_blob(twins.facts(tiny)[-1].slot)
            self._plan = replace(self._plan, release=manifest, stages=(*self._plan.before(step.stage), stage))
            step = TakeStage(stage)
        return take(self, step)

    monkeypatch.setattr(Carrier, "take", changed_meanwhile)
    state = twins.release(tiny, tiny.candidates())
    assert not state.is_completed()
    assert re.search(VOID[what], state.message or ""), state.message
    assert twins.serving(tiny, "production") == ["None", "None"]


def test_a_gate_that_nobody_answered_is_closed_from_outside(twins: Twins, tiny: TinyTwin) -> None:
    changed = tiny.candidates()

    @prefect.flow
    def asked(hours: float) -> None:
        made = begin(twins.ledger, changed, "linus")
        stage = declared_workload(tiny.name).stage("registry")
        request = ApprovalRequest.of(made, stage, NOTHING, datetime.now(UTC) - timedelta(hours=hours), "")
        record(twins.ledger, tiny.name, made.name, Kind.ASKED, request.model_dump(mode="json"))

    asked(23.9)
    assert expire(dry_run=False) == []
    asked(24.1)
    [would] = expire()
    assert would.startswith(f"would close the gate of {tiny.name} ")
    [closed] = expire(dry_run=False)
    assert closed.startswith(f"closed the gate of {tiny.name} ")
    ended = shown_ending(twins.facts(tiny))
    assert ended is not None
    assert ended.outcome is Outcome.EXPIRED
    assert expire(dry_run=False) == []

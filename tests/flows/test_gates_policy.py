"""A gate's rules, as they are declared: who counts, when, and what makes an approval void before anything is switched."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.states import State
from tiny import APPROVE, Tiny, answering, endpoints_in, people, stored_models

from deployments.approver import Answer, Pending
from deployments.enrolling import enrolled, revoke
from domain.ask import Ask
from domain.choice import Choice
from domain.errors import Terminal
from domain.fact import Kind, facts_of
from flows import climbing
from flows.beginning import begin, outcome_of
from flows.declared import declared_workload
from flows.expire import expire
from flows.release import release
from tasks.ledger import open_ledger, read_facts, record, release_names
from tasks.serving import deployment_serving

pytestmark = pytest.mark.usefixtures("site")

GRACE = {**APPROVE, "approver": "grace"}
END = {"decision": "reject", "approver": "ada", "comment": "the end of this test"}


def run(tiny: Tiny, *answers: Any, by: str = "linus") -> tuple["State[str]", list[Pending]]:
    approver, seen = answering(*answers)
    with approver:
        return release(tiny.name, tiny.candidates().to_json(), by, return_state=True), seen


def facts(site: Any, tiny: Tiny) -> Any:
    return read_facts(site.ledger, tiny.name, release_names(site.ledger, tiny.name)[0])


def nothing_serves(site: Any, tiny: Tiny) -> bool:
    return all(deployment_serving(endpoints_in(site.production), unit) is None for unit in tiny.units())


def test_a_quorum_of_two_needs_two_people_and_one_of_them_twice_is_one(site, tiny: Tiny) -> None:
    tiny.declare(production_gate={"rules": [{"group": "ml-engineers", "approvals": 2, "required": ["grace"]}]})
    state, seen = run(tiny, APPROVE, APPROVE, APPROVE, GRACE)
    assert state.name == "Succeeded"
    assert "grace must approve for ml-engineers" in seen[2].evidence
    assert "ada has approved already, and each approver counts once" in seen[3].evidence
    assert len(facts_of(facts(site, tiny), Kind.DECIDED, "production")) == 2


def test_a_gate_that_can_never_open_stops_the_release_before_anything_is_done(site, tiny: Tiny) -> None:
    tiny.declare(production_gate={"rules": [{"group": "ml-engineers", "approvals": 4}]})
    with pytest.raises(Terminal, match="Production-Approval can never open: 1 more of ml-engineers must approve"):
        release(tiny.name, tiny.candidates().to_json(), "linus")


def test_a_freeze_is_told_and_only_the_glass_breaks_it_loudly(site, tiny: Tiny) -> None:
    since = (datetime.now(UTC) - timedelta(hours=1)).replace(tzinfo=None, microsecond=0).isoformat()
    freeze = {"starts": since, "minutes": 600, "reason": "audit week"}
    tiny.declare(production_gate={"freezes": [freeze], "break_glass": {"group": "ml-engineers"}})
    glass = {"decision": "break-glass", "approver": "grace", "comment": "the sensors lie, and the plant runs"}
    state, seen = run(tiny, APPROVE, APPROVE, {**glass, "comment": ""}, glass)
    assert state.name == "Succeeded"
    assert "there is a freeze (audit week) until" in seen[2].evidence.partition("\n")[0]
    assert "break-glass needs a comment" in seen[3].evidence
    told = [fact.body["subject"] for fact in facts_of(facts(site, tiny), Kind.NOTIFIED, "production")]
    assert told[1].startswith("!!! BREAK GLASS: grace let")


@pytest.mark.parametrize("what", ["declaration", "revoked", "model", "model file", "ledger", "newest fact"])
def test_what_changes_after_the_approval_voids_it_before_the_switch(
    site, tiny: Tiny, own_person: str, laptop: Any, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """The change comes between the last approval and the switch, while the stage is being deployed."""
    carry = climbing.carry

    def changed_meanwhile(ledger, workload, manifest, stage, lower):  # type: ignore[no-untyped-def]
        if stage.name == "production":
            if what == "declaration":
                gate = stage.gate.model_copy(update={"instructions": "Look the other way."})
                stage = stage.model_copy(update={"gate": gate})
            if what == "revoked":
                revoke(own_person, enrolled(own_person).credentials[0].id)
            if what == "model":
                unit = manifest.units[0].model_copy(update={"model_digest": "sha256:" + "e" * 64})
                manifest = manifest.model_copy(update={"units": (unit, *manifest.units[1:])})
            if what == "model file":
                for file in stored_models(laptop.home, f"{tiny.plant}/A1"):
                    file.write_text(file.read_text()[::-1])
            if what == "ledger":
                slot = next(fact for fact in facts(site, tiny) if fact.kind is Kind.VERIFIED).slot
                container = open_ledger(site.ledger)
                text = container.download_blob(slot).readall().replace(b'"passed":true', b'"passed":1.0')
                container.upload_blob(slot, text, overwrite=True)
            if what == "newest fact":
                open_ledger(site.ledger).delete_blob(facts(site, tiny)[-1].slot)
        return carry(ledger, workload, manifest, stage, lower)

    monkeypatch.setattr(climbing, "carry", changed_meanwhile)
    reason = {
        "declaration": "stage production is declared differently since",
        "revoked": rf"{own_person}'s credential SHA256:\S+ was revoked",
        "model": "what was requested is|changed after it was registered",
        "model file": rf"the files of model {tiny.plant.lower()}-a1:1 in registry \S+ changed after it was registered",
        "ledger": r"fact \d+ \(verified\) was changed",
        "newest fact": r"fact \d+ \(decided\) was written, and the ledger does not hold it any more",
    }[what]
    approver, _ = answering({**APPROVE, "approver": own_person})
    with approver:
        state = release(tiny.name, tiny.candidates().to_json(), "linus", return_state=True)
    assert not state.is_completed()
    assert re.search(reason, state.message or ""), state.message
    assert nothing_serves(site, tiny)


def test_two_answers_at_once_count_once(site, tiny: Tiny) -> None:
    answered: list[str] = []

    def twice(pending: Pending) -> Answer:
        answer = {**APPROVE, "proof": people["ada"].proof(pending, Choice.APPROVE, "")}
        if not answered:
            with get_client(sync_client=True) as client:
                answered.append(str(client.resume_flow_run(pending.run_id, run_input=answer).status))
        return answer

    state, _ = run(tiny, twice, END)
    assert len(facts_of(facts(site, tiny), Kind.DECIDED, "registry")) == 1
    assert state.name == "Rejected"


def test_a_gate_that_nobody_answered_is_closed_from_outside(site, tiny: Tiny) -> None:
    changed = tiny.candidates()

    @flow
    def asked(hours: float) -> None:
        made = begin(site.ledger, changed, "linus")
        stage = declared_workload(tiny.name).stage("registry")
        then = datetime.now(UTC) - timedelta(hours=hours)
        question = Ask.of(made, stage, "sha256:" + "0" * 64, then, "")
        record(site.ledger, tiny.name, made.name, Kind.ASKED, question.model_dump(mode="json"))

    asked(23.9)
    assert expire(dry_run=False) == []
    asked(24.1)
    [would] = expire()
    assert would.startswith(f"would close the gate of {tiny.name} ")
    [closed] = expire(dry_run=False)
    assert closed.startswith(f"closed the gate of {tiny.name} ")
    assert str(outcome_of(facts(site, tiny))) == "EXPIRED"
    assert expire(dry_run=False) == []

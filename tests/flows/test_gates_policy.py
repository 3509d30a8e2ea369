"""What makes an approval void where server and storage have a part in it; all other rules of gates: test_policy_rules.py."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.states import State
from tiny import APPROVE, Tiny, answering, endpoints_in, people, stored_models

from deployments.approval.form_client import Answer, Pending
from domain.approval.request import ApprovalRequest
from domain.approval.statement import Choice
from domain.ledger.fact import Kind, facts_of
from domain.promotion.next_step import Hold
from flows.expire import expire
from flows.promotion.advance import Carrier
from flows.promotion.manifest import begin, outcome_of
from flows.release import release
from tasks.ledger.facts import open_ledger, read_facts, record, release_names
from tasks.targets.serving import deployment_serving
from tasks.workloads import declared_workload

pytestmark = pytest.mark.usefixtures("site")

END = {"decision": "reject", "approver": "ada", "comment": "the end of this test"}


def run(tiny: Tiny, *answers: Any) -> tuple["State[str]", list[Pending]]:
    approver, seen = answering(*answers)
    with approver:
        return release(tiny.name, tiny.candidates().build_id, "linus", return_state=True), seen


def facts(site: Any, tiny: Tiny) -> Any:
    return read_facts(site.ledger, tiny.name, release_names(site.ledger, tiny.name)[0])


def nothing_serves(site: Any, tiny: Tiny) -> bool:
    return all(deployment_serving(endpoints_in(site.production), unit) is None for unit in tiny.units())


@pytest.mark.parametrize("what", ["model file", "newest fact"])
def test_what_changes_after_the_approval_voids_it_before_the_switch(
    site, tiny: Tiny, laptop: Any, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """The change comes between the last approval and the switch, while the stage is being deployed."""
    take = Carrier.take

    def changed_meanwhile(self, step):  # type: ignore[no-untyped-def]
        if isinstance(step, Hold) and step.stage.name == "production":
            if what == "model file":
                for file in stored_models(laptop.home, f"{tiny.plant}/A1"):
                    file.write_text(file.read_text()[::-1])
            if what == "newest fact":
                open_ledger(site.ledger).delete_blob(facts(site, tiny)[-1].slot)
        return take(self, step)

    monkeypatch.setattr(Carrier, "take", changed_meanwhile)
    reason = {
        "model file": rf"the files of model {tiny.plant.lower()}-a1:1 in registry \S+ changed after it was registered",
        "newest fact": r"fact \d+ \(decided\) was written, and the ledger no longer has it",
    }[what]
    approver, _ = answering(APPROVE)
    with approver:
        state = release(tiny.name, tiny.candidates().build_id, "linus", return_state=True)
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
        question = ApprovalRequest.of(made, stage, "sha256:" + "0" * 64, then, "")
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

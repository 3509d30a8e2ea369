"""What makes an approval void where server and storage have a part in it; all other rules of gates: test_policy_rules.py."""

import re
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.states import State
from tiny import APPROVE, Tiny, answering, endpoints_in, people, stored_models

from deployments.approval.form_client import FormAnswer, Pending
from domain.approval.statement import Choice
from domain.ledger.fact import Kind, facts_of
from domain.promotion.step import TakeStage
from flows.promotion.advance import Carrier
from flows.release import release
from tasks.ledger.facts import read_facts, release_names
from tasks.targets.serving import deployment_serving

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


def test_a_model_whose_files_change_after_the_approval_is_not_switched_to(
    site, tiny: Tiny, laptop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The change comes between the last approval and the switch, while the stage is being deployed."""
    take = Carrier.take

    def changed_meanwhile(self, step):  # type: ignore[no-untyped-def]
        if isinstance(step, TakeStage) and step.stage.name == "production":
            for file in stored_models(laptop.home, f"{tiny.plant}/A1"):
                file.write_text(file.read_text()[::-1])
        return take(self, step)

    monkeypatch.setattr(Carrier, "take", changed_meanwhile)
    approver, _ = answering(APPROVE)
    with approver:
        state = release(tiny.name, tiny.candidates().build_id, "linus", return_state=True)
    assert not state.is_completed()
    reason = rf"the files of model {tiny.plant.lower()}-a1:1 in registry \S+ changed after it was registered"
    assert re.search(reason, state.message or ""), state.message
    assert nothing_serves(site, tiny)


def test_two_answers_at_once_count_once(site, tiny: Tiny) -> None:
    answered: list[str] = []

    def twice(pending: Pending) -> FormAnswer:
        answer = {**APPROVE, "proof": people["ada"].proof(pending, Choice.APPROVE, "")}
        if not answered:
            with get_client(sync_client=True) as client:
                answered.append(str(client.resume_flow_run(pending.run_id, run_input=answer).status))
        return answer

    state, _ = run(tiny, twice, END)
    assert len(facts_of(facts(site, tiny), Kind.DECIDED, "registry")) == 1
    assert state.name == "Rejected"

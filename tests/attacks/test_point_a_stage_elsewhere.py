"""Aim: have an approval for one place used at another, by editing the block that a stage's target names."""

from typing import Any

import pytest
from test_attacks import half_switched
from test_write_facts_without_a_key import waiting
from tiny import APPROVE
from twins import TinyTwin, Twins

from blocks.workspace import Workspace
from deployments.approval.form_client import FormAnswer, Pending
from domain.errors import Terminal
from domain.ledger.fact import Kind, facts_of
from flows.release import release
from flows.rollback import rollback


def point(twins: Twins, block: str, **elsewhere: str) -> None:
    """Edit a workspace's block, as everybody can who reaches the server."""
    known: Any = twins.run.blocks[Workspace.get_block_type_slug(), block]
    twins.run.save(block, known.model_copy(update=elsewhere))


ELSEWHERE = {
    "another subscription": {"subscription_id": "t"},
    "another group": {"resource_group": "h"},
    "another workspace": {"workspace_name": "mlw-other"},
}


@pytest.mark.parametrize("how", ELSEWHERE)
def test_what_was_approved_for_one_place_is_asked_again_for_another(twins: Twins, tiny: TinyTwin, how: str) -> None:
    """Edited between the approval and the deployment: the run died there."""
    changed = tiny.candidates()

    def approves_and_points(form: Pending) -> FormAnswer:
        return {**APPROVE, "proof": twins.proof(form, "ada", "approve", "")}  # type: ignore[arg-type]  # as typed

    twins.blobs.troubles.add("unreachable", "write", f"leases/{tiny.name}/production", 100)
    with twins.answering(APPROVE, approves_and_points):
        assert twins.release_as_answered(tiny, changed).is_failed()
    twins.blobs.troubles.waiting.clear()
    assert len(facts_of(twins.facts(tiny), Kind.DECIDED, "production")) == 1
    point(twins, "production", **ELSEWHERE[how])
    with twins.answering({**APPROVE, "decision": "reject", "comment": "not there"}) as seen:
        state = twins.release_as_answered(tiny, changed)
    assert state.name == "Rejected", state.message
    assert len(seen) == 1
    assert facts_of(twins.facts(tiny), Kind.DEPLOYED, "production") == ()
    assert twins.places["production"].endpoints == {}


def test_the_form_names_the_place_in_full(twins: Twins, tiny: TinyTwin) -> None:
    with twins.answering(APPROVE) as seen:
        assert twins.release_as_answered(tiny, tiny.candidates()).name == "Succeeded"
    production = "/subscriptions/s/resourcegroups/g/providers/microsoft.machinelearningservices/workspaces/mlw-prod"
    assert f"Place: {production}" in seen[1].evidence
    assert "Place: azureml://registries/mlr-shared" in seen[0].evidence
    asked = facts_of(twins.facts(tiny), Kind.ASKED, "production")[0].body["policy"]["place"]
    assert (asked["id"], asked["namespace"]) == (production, "")
    assert asked["endpoints"].startswith("sha256:")


def test_a_block_that_is_edited_while_the_run_waits_is_seen_before_anything_is_deployed(
    twins: Twins, tiny: TinyTwin
) -> None:
    def approves_elsewhere(form: Pending) -> FormAnswer:
        proof = twins.proof(form, "ada", "approve", "")  # type: ignore[arg-type]  # as typed
        point(twins, "production", workspace_name="mlw-other")
        return {**APPROVE, "proof": proof}

    with twins.answering(APPROVE, approves_elsewhere):
        state = twins.release_as_answered(tiny, tiny.candidates())
    assert state.is_failed()
    assert "stage production points elsewhere than when this run began: to /subscriptions/s/" in (state.message or "")
    assert facts_of(twins.facts(tiny), Kind.DEPLOYED, "production") == ()


def test_two_stages_cannot_switch_the_same_thing(twins: Twins, tiny: TinyTwin) -> None:
    changed = waiting(twins, tiny)
    point(twins, "production", workspace_name="MLW-Test")  # Azure compares without case
    state = release(tiny.name, changed.build_id, "linus", return_state=True)
    assert "stages test and production would switch the same endpoints, in /subscriptions/s/" in (state.message or "")


@pytest.mark.parametrize("gate", [True, False], ids=["gate", "no gate"])
def test_a_switch_that_has_begun_ends_nowhere_else(twins: Twins, tiny: TinyTwin, gate: bool) -> None:
    """What has the same names at the other place is not touched, by going on, by going back, or by `rollback`."""
    tiny.declare(production={} if gate else {"gate": None})
    second = half_switched(twins, tiny)
    served = twins.serving(tiny, "production")
    point(twins, "production", workspace_name="mlw-other")
    message = twins.release(tiny, second).message or ""
    twins.lease_ends(tiny.name, "production")
    with pytest.raises(Terminal) as refused:
        rollback(tiny.name, "production", reason="odd", dry_run=False)
    for said in (message, str(refused.value)):
        assert "at production has begun in /subscriptions/s/resourcegroups/g/" in said
        assert "workspaces/mlw-other by now, so nothing is switched. Point it back" in said
    assert twins.serving(tiny, "production") == served
    point(twins, "production", workspace_name="mlw-prod")
    twins.lease_ends(tiny.name, "production")
    ended = twins.release(tiny, second)
    assert len(set(twins.serving(tiny, "production"))) == 1, ended.message


def test_the_same_place_spelt_otherwise_is_the_same(twins: Twins, tiny: TinyTwin) -> None:
    changed = waiting(twins, tiny)
    point(twins, "production", workspace_name="MLW-PROD", resource_group="G")
    with twins.answering(APPROVE) as seen:
        assert twins.release_as_answered(tiny, changed).name == "Succeeded"
    assert len(seen) == 2  # nobody was asked twice

"""How releases stand, as `signalbox status` and `signalbox approve` read it of the ledger."""

from dataclasses import replace

import pytest
from twins import TinyTwin, Twins
from waiting_at_gate import Waiting

from deployments.approval.waiting import chosen, standing_in, waiting
from domain.errors import Terminal
from domain.outcome import Outcome
from domain.promotion.release_state import ReleaseState, needing_somebody
from flows.rollback import rollback
from flows.unhold import unhold
from tasks.release_states import newest_states
from tasks.targets.serving import stage_served
from tasks.workloads import declared_workload


def states(twins: Twins, tiny: TinyTwin) -> tuple[ReleaseState, ...]:
    return newest_states(twins.ledger, declared_workload(tiny.name))


def test_a_release_that_waits_says_at_which_gate_for_whom_and_until_when(twins: Twins, tiny: TinyTwin) -> None:
    at = Waiting(twins, tiny)
    at.form(tiny.candidates())
    [state] = states(twins, tiny)
    assert state.waits is not None
    assert (state.waits.stage, state.waits.gate) == ("registry", "Registry-Approval")
    assert state.waits.missing == ("1 more of ml-engineers must approve",)
    assert state.waits.answer_by.isoformat().startswith(at.asked().body["answer_by"][:19])
    assert str(state) == "waits at Registry-Approval"
    assert needing_somebody([state]) == (state,)


def test_a_release_that_serves_needs_nobody(twins: Twins, tiny: TinyTwin) -> None:
    assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    [state] = states(twins, tiny)
    assert (state.outcome, state.serves, state.waits) == (Outcome.SUCCEEDED, True, None)
    assert needing_somebody([state]) == ()
    served = stage_served(twins.platform(tiny.name, "production"), "production", tiny.units())
    assert served.releases == {state.release: len(tiny.units())}
    assert all(one.well for one in served.circuits)


def test_what_was_rolled_back_by_hand_is_held_until_a_person_ends_it(twins: Twins, tiny: TinyTwin) -> None:
    for _ in range(2):
        assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    rollback(tiny.name, "production", reason="it hums", dry_run=False)
    newest, before = states(twins, tiny)
    assert str(newest) == "SUCCEEDED, rolled back at production, held"
    assert newest.held == "production: it hums"
    assert needing_somebody([newest, before]) == (newest,)
    unhold(newest.release, "ada", "mended", tiny.name)
    assert needing_somebody(states(twins, tiny)) == ()


def test_a_later_release_makes_up_for_one_that_was_rejected(twins: Twins, tiny: TinyTwin) -> None:
    no = {"decision": "reject", "approver": "ada", "comment": "it drifts"}
    assert twins.release(tiny, tiny.candidates(), no).name == "Rejected"
    [state] = states(twins, tiny)
    assert (state.outcome, state.ended_badly) == (Outcome.REJECTED, True)
    assert "it drifts" in state.reason
    assert needing_somebody([state]) == (state,)
    assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    assert needing_somebody(states(twins, tiny)) == ()


def test_a_release_is_approved_by_its_name_its_run_or_as_the_only_one(twins: Twins, tiny: TinyTwin) -> None:
    form = Waiting(twins, tiny).form(tiny.candidates())
    name = twins.names(tiny)[0]
    those = waiting(twins.ledger, [tiny.name], [form])
    standing = standing_in(twins.ledger, [tiny.name])
    for called in (name, form.run_name, str(form.run_id), ""):
        assert chosen(those, called, tiny.name, standing) == form
    assert (those[0].release, those[0].workload, those[0].stage) == (name, tiny.name, "registry")


def test_a_release_that_does_not_wait_is_refused_with_how_it_stands_and_those_that_wait(
    twins: Twins, tiny: TinyTwin
) -> None:
    assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    done = twins.names(tiny)[0]
    form = Waiting(twins, tiny).form(tiny.candidates())
    those = waiting(twins.ledger, [tiny.name], [form])
    standing = standing_in(twins.ledger, [tiny.name, "no-such-workload"])
    with pytest.raises(Terminal, match=rf"{done} does not wait .*: in {tiny.name} it is SUCCEEDED since ") as refused:
        chosen(those, done, tiny.name, standing)
    assert f"Waiting: release {twins.names(tiny)[0]} of {tiny.name} to registry" in str(refused.value)
    with pytest.raises(Terminal, match="no release has that name"):
        chosen(those, "20010101.1", tiny.name, standing)
    with pytest.raises(Terminal, match="no release waits for a decision; `signalbox status`"):
        chosen([], "", tiny.name, standing)


def test_where_several_wait_one_must_be_named(twins: Twins, tiny: TinyTwin) -> None:
    form = Waiting(twins, tiny).form(tiny.candidates())
    those = waiting(twins.ledger, [tiny.name], [form, replace(form, key="of-no-request-1")])
    assert those[1].release == ""
    with pytest.raises(Terminal, match=r"2 releases wait .* name a release"):
        chosen(those, "", tiny.name, lambda _: "")
    with pytest.raises(Terminal, match="2 runs wait for a decision about"):
        chosen([those[0], those[0]], those[0].release, tiny.name, lambda _: "")


def test_a_release_is_not_taken_for_another_workload_s_of_the_same_name_nor_a_run_for_how_it_is_called(
    twins: Twins, tiny: TinyTwin
) -> None:
    form = Waiting(twins, tiny).form(tiny.candidates())
    [those] = waiting(twins.ledger, [tiny.name], [form])
    with pytest.raises(Terminal, match=f"{those.release} does not wait for a decision"):
        chosen([those], those.release, "pumps", lambda _: "")
    disguised = replace(those, form=replace(form, run_name="20010101.1"))
    with pytest.raises(Terminal, match=r"20010101\.1 does not wait for a decision"):
        chosen([disguised], "20010101.1", tiny.name, lambda _: "")

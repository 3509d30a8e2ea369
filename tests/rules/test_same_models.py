"""Models that come a second time: what waits goes on, what serves is done, what is older stops, and approvers see what is replaced."""

import re
from datetime import date

import pytest
from tiny import APPROVE
from twins import TinyTwin, Twins

from deployments.approval.form_client import FormAnswer, Pending
from domain.candidate.changed_circuits import ChangedCircuits
from domain.errors import Terminal
from domain.ledger.fact import Kind, facts_of
from flows.deploy_version import deploy_version
from flows.release import release
from tasks.ledger.facts import read_facts

EARLIER, LATER = date(2014, 3, 31), date(2014, 9, 30)


def again(changed: ChangedCircuits) -> ChangedCircuits:
    """The same models from the same commit, handed over by another build, as the demo and the event do that start once more."""
    return changed.model_copy(update={"build_id": f"{changed.build_id}-again"})


def changes(evidence: str) -> list[list[str]]:
    """Rows of the table of circuits: what changes, and by how much it is better."""
    return [
        [cell.strip() for cell in line.strip("|").split("|")][1:3]
        for line in evidence.splitlines()
        if "→ version" in line
    ]


@pytest.fixture
def stopped(twins: Twins, tiny: TinyTwin) -> ChangedCircuits:
    """A release whose command was stopped at the first gate."""
    changed = tiny.candidates()

    def dies(_: Pending) -> FormAnswer:
        raise twins.power.cut()

    with twins.power.failing(), twins.answering(dies):
        twins.release_as_answered(tiny, changed)
    assert len(twins.names(tiny)) == 1
    return changed


def test_what_waits_at_a_gate_goes_on_and_is_not_asked_anew(
    twins: Twins, tiny: TinyTwin, stopped: ChangedCircuits
) -> None:
    assert twins.release(tiny, again(stopped)).name == "Succeeded"
    assert len(twins.names(tiny)) == 1
    assert len(facts_of(twins.facts(tiny), Kind.ASKED, "registry")) == 1


def test_other_models_are_another_release(twins: Twins, tiny: TinyTwin, stopped: ChangedCircuits) -> None:
    assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    assert len(twins.names(tiny)) == 2


def test_what_serves_already_ends_green_without_a_gate(twins: Twins, tiny: TinyTwin) -> None:
    changed = tiny.candidates()
    assert twins.release(tiny, changed).name == "Succeeded"
    with twins.answering() as seen:
        state = twins.release_as_answered(tiny, again(changed))
    assert (state.name, state.message, seen) == (
        "Succeeded",
        "production serves exactly these models; there is nothing left to do",
        [],
    )
    assert len(twins.names(tiny)) == 1


def test_a_chosen_version_that_serves_already_ends_green(
    twins: Twins, tiny: TinyTwin, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = tiny.candidates()
    monkeypatch.setattr("flows.deploy_version.code_commit", lambda _: changed.code_commit)
    assert twins.release(tiny, changed).name == "Succeeded"
    unit = changed.circuits[0]
    state = deploy_version(str(unit.unit), unit.model_version, "production", tiny.name, "linus", return_state=True)
    assert state.message == "production serves exactly these models; there is nothing left to do"
    assert len(twins.names(tiny)) == 1


def test_what_served_and_was_replaced_is_released_again_through_both_gates(twins: Twins, tiny: TinyTwin) -> None:
    first = tiny.candidates()
    for changed in (first, tiny.candidates()):
        assert twins.release(tiny, changed).name == "Succeeded"
    with twins.answering(APPROVE) as seen:
        assert twins.release_as_answered(tiny, again(first)).name == "Succeeded"
    assert len(seen) == 2
    assert changes(seen[-1].evidence)[0][0].startswith("version 2 (")


def test_older_data_stops_unless_it_is_wanted_and_then_approvers_are_told(twins: Twins, tiny: TinyTwin) -> None:
    assert twins.release(tiny, tiny.candidates(LATER)).name == "Succeeded"
    before, older = twins.serving(tiny, "production"), tiny.candidates(EARLIER)
    state = twins.release(tiny, older)
    assert state.name == "Failed"
    assert "2 of these models would replace one of later data at production" in (state.message or "")
    assert "trained on data up to 2014-09-30" in (state.message or "")
    assert "--older" in (state.message or "")
    assert twins.serving(tiny, "production") == before
    assert len(twins.names(tiny)) == 1

    with twins.answering(APPROVE) as seen:
        assert release(tiny.name, older.build_id, "linus", older=True, return_state=True).name == "Succeeded"
    for form in seen:
        assert "Older data than what is there" in form.evidence
        assert "its data ends 2014-03-31, and that of version 1" in form.evidence
    assert twins.serving(tiny, "production") != before


def test_a_chosen_version_of_older_data_stops_unless_it_is_wanted(twins: Twins, tiny: TinyTwin) -> None:
    for cutoff in (EARLIER, LATER):
        assert twins.release(tiny, tiny.candidates(cutoff)).name == "Succeeded"
    unit = tiny.made[0].circuits[0]
    chosen = str(unit.unit), unit.model_version, "production", tiny.name, "linus"
    with pytest.raises(Terminal, match="1 of these models would replace one of later data"):
        deploy_version(*chosen)
    with twins.answering(APPROVE):
        assert deploy_version(*chosen, older=True, return_state=True).name == "Succeeded"


def test_the_same_day_again_is_not_older(twins: Twins, tiny: TinyTwin) -> None:
    for _ in range(2):
        assert twins.release(tiny, tiny.candidates()).name == "Succeeded"


def test_two_that_were_trained_before_anything_served_are_not_both_first_versions(twins: Twins, tiny: TinyTwin) -> None:
    first, second = tiny.candidates(), tiny.candidates()
    with twins.answering(APPROVE) as seen:
        for changed in (first, second):
            assert twins.release_as_answered(tiny, changed).name == "Succeeded"
    at_registry, at_production, registry_again, production_again = (changes(form.evidence) for form in seen)
    assert at_registry == at_production == [["nothing → version 1", "first version"]] * 2
    assert registry_again == [["version 1 → version 2", "not compared with version 1"]] * 2
    assert [change for _, change in production_again] == ["not compared with version 1"] * 2
    assert all(re.fullmatch(r"version 1 \(.*\) → version 2", what) for what, _ in production_again)


def test_a_comparison_with_what_serves_no_more_says_with_what(twins: Twins, tiny: TinyTwin) -> None:
    made = [tiny.candidates(), tiny.candidates(), tiny.candidates(champion="1")]
    with twins.answering(APPROVE) as seen:
        for changed in made:
            assert twins.release_as_answered(tiny, changed).name == "Succeeded"
    assert [change for _, change in changes(seen[-1].evidence)] == ["1 (50.0%) than version 1"] * 2


def test_a_chosen_version_and_a_release_of_the_same_models_are_not_taken_for_one_another(
    twins: Twins, tiny: TinyTwin
) -> None:
    tiny.circuits = ("A1",)
    tiny.declare()
    changed = tiny.candidates()

    def dies(_: Pending) -> FormAnswer:
        raise twins.power.cut()

    with twins.power.failing(), twins.answering(APPROVE, dies):
        twins.release_as_answered(tiny, changed)  # it waits at production's gate
    (waits,) = twins.names(tiny)
    unit = changed.circuits[0]
    with twins.power.failing(), twins.answering(dies):
        deploy_version(str(unit.unit), "1", "production", tiny.name, "linus", return_state=True)
    chosen = twins.names(tiny)[0]
    assert chosen != waits
    with twins.answering(APPROVE):  # stopped at its gate, it goes on when it is asked for again
        state = deploy_version(str(unit.unit), "1", "production", tiny.name, "linus", return_state=True)
    assert state.name == "Succeeded", state.message
    assert twins.names(tiny) == (chosen, waits)
    assert not facts_of(read_facts(twins.ledger, tiny.name, waits), Kind.ENDED)

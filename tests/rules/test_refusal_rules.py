"""Each way in which a release must not reach production, and what people are told."""

import json
import re
from datetime import UTC, datetime, timedelta

import prefect
import pytest
from begun import begin
from tiny import APPROVE, GOOD, NOTHING
from twins import TinyTwin, Twins

from domain.approval.request import ApprovalRequest
from domain.candidate.changed_circuits import changed_path
from domain.errors import InvalidDeclaration, Terminal
from domain.ledger.fact import Kind, facts_of
from domain.outcome import Outcome
from domain.release.outcome import shown_ending
from domain.rollout.switch import open_journal
from flows.release import release
from flows.rollback import rollback
from tasks.ledger import lease
from tasks.ledger.facts import keep_document, read_facts, record
from tasks.ledger.lease import stage_lease
from tasks.workloads import declared_workload


def test_scoring_that_goes_wrong_stops_the_release_before_any_switch(twins: Twins, tiny: TinyTwin) -> None:
    tiny.declare(score=GOOD.replace("return", "raise ValueError('no such column')\n    return"))
    state = twins.release(tiny, tiny.candidates())
    assert state.name == "Failed"
    assert "Job status: Failed" in (state.message or "")
    assert twins.serving(tiny, "test") == twins.serving(tiny, "production") == ["None", "None"]
    ended = shown_ending(twins.facts(tiny))
    assert ended is not None
    assert ended.outcome is Outcome.FAILED
    assert facts_of(twins.facts(tiny), Kind.SWITCHED) == ()


def test_a_circuit_that_cannot_be_deployed_keeps_the_whole_fleet_where_it_was(twins: Twins, tiny: TinyTwin) -> None:
    twins.places["production"].troubles.add("refused", "deploy", "-b2$", reason="no quota for it")
    state = twins.release(tiny, tiny.candidates())
    assert state.name == "Failed"
    assert f"production: {tiny.plant}/B2: no quota for it" in (state.message or "")
    assert twins.serving(tiny, "test") == [twins.newest(tiny)[0]] * 2
    assert twins.serving(tiny, "production") == ["None", "None"]


def test_another_schema_is_a_warning_and_stops_nothing(twins: Twins, tiny: TinyTwin) -> None:
    tiny.declare(columns=("only one",))
    with twins.answering(APPROVE) as seen:
        state = twins.release_as_answered(tiny, tiny.candidates())
    assert state.name == "Succeeded"
    assert re.search(r"Schema \| warning", seen[-1].evidence)


def test_a_circuit_without_test_data_stops_the_release_and_says_where_to_put_it(twins: Twins, tiny: TinyTwin) -> None:
    tiny.circuits = ("A1", "B2", "C3")
    tiny.declare()
    state = twins.release(tiny, tiny.candidates())
    assert state.name == "Failed"
    assert f"{tiny.plant}/C3 has no test data" in (state.message or "")
    assert "Upload test_input.csv there" in (state.message or "")
    assert twins.serving(tiny, "test") == ["None"] * 3


def test_a_rejection_ends_the_release_with_its_comment_and_nothing_is_promoted(twins: Twins, tiny: TinyTwin) -> None:
    no = {"decision": "reject", "approver": "ada", "comment": ""}
    state = twins.release(tiny, tiny.candidates(), no, {**no, "comment": "metrics look wrong"})
    assert state.name == "Rejected"
    assert state.message == "ada rejected it at Registry-Approval: metrics look wrong"
    assert twins.models.registry == {}
    ended = shown_ending(twins.facts(tiny))
    assert ended is not None
    assert ended.outcome is Outcome.REJECTED


def test_a_gate_that_nobody_answered_in_time_expires(twins: Twins, tiny: TinyTwin) -> None:
    changed = tiny.candidates()

    @prefect.flow
    def asked_long_ago() -> None:
        made = begin(twins.ledger, changed, "linus")
        stage = declared_workload(tiny.name).stage("registry")
        question = ApprovalRequest.of(made, stage, NOTHING, datetime.now(UTC) - timedelta(hours=24, seconds=1), "")
        record(twins.ledger, tiny.name, made.name, Kind.ASKED, question.model_dump(mode="json"))

    asked_long_ago()
    state = release(tiny.name, changed.build_id, "linus", return_state=True)
    assert state.name == "Expired"
    assert "nobody decided at Registry-Approval" in (state.message or "")


def test_a_release_is_refused_a_stage_that_another_holds_and_goes_on_later(
    twins: Twins, tiny: TinyTwin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "RENEWED_EVERY", 0.1)
    monkeypatch.setattr(lease, "LOOKED_EVERY", 0.05)
    changed = tiny.candidates()
    with twins.answering(APPROVE):
        with (
            stage_lease(twins.ledger, tiny.name, "test", "20990101.1"),
            pytest.raises(Terminal, match=r"stage test is held by release 20990101\.1"),
        ):
            release(tiny.name, changed.build_id, "linus")
        assert twins.serving(tiny, "test") == ["None", "None"]
        assert release(tiny.name, changed.build_id, "linus", return_state=True).name == "Succeeded"
    assert len(twins.names(tiny)) == 1


def test_a_switch_that_is_accepted_and_not_done_is_seen_and_undone(twins: Twins, tiny: TinyTwin) -> None:
    assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    before = twins.serving(tiny, "production")
    endpoint = twins.platform(tiny.name, "production").endpoint(tiny.units()[1])
    twins.places["production"].troubles.add("silent no-op", "switch", f"{endpoint}$")
    state = twins.release(tiny, tiny.candidates())
    assert state.name == "Failed"
    assert re.search(
        f"{endpoint}: serves deployment-.* Azure accepted that but did not do it, .* in the studio", state.message or ""
    )
    assert twins.serving(tiny, "production") == before
    with pytest.raises(Terminal, match="nothing was rolled back"):  # that rollback is over, and is no rollback's own
        rollback(tiny.name, "production", dry_run=False)


def test_a_release_that_was_left_half_switched_and_fails_then_goes_back_before_it_ends(
    twins: Twins, tiny: TinyTwin
) -> None:
    assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    before = twins.serving(tiny, "production")
    changed = tiny.candidates()
    twins.places["production"].troubles.add("dies after", "switch", "-a1$")
    with twins.power.failing():
        twins.release(tiny, changed)
    assert len(set(twins.serving(tiny, "production"))) == 2
    name, _ = twins.newest(tiny)
    for (model, version), text in twins.models.registry.items():
        if text == f"{tiny.plant}/A1 {changed.build_id}":
            twins.models.registry[model, version] = text[::-1]
    state = twins.release(tiny, changed)
    assert state.name == "Failed"
    assert "changed after it was registered" in (state.message or "")
    assert twins.serving(tiny, "production") == before
    assert open_journal(read_facts(twins.ledger, tiny.name, name), "production") is None


def test_a_manifest_that_was_changed_in_the_ledger_is_refused(twins: Twins, tiny: TinyTwin) -> None:
    changed = tiny.candidates()
    twins.places["test"].troubles.add("dies before", "deploy")
    with twins.power.failing():
        twins.release(tiny, changed)
    first = f"{tiny.name}/{twins.names(tiny)[0]}/000000.json"
    text = twins.blobs.download_blob(first).readall().decode()
    edited = text.replace('"requested_by":"linus"', '"requested_by":"nobody"')
    twins.blobs.upload_blob(first, edited, overwrite=True)
    with pytest.raises(Terminal, match="it was changed"):
        release(tiny.name, changed.build_id, "linus")


def test_a_release_is_given_the_id_of_the_build_that_kept_its_circuits(twins: Twins, tiny: TinyTwin) -> None:
    changed = tiny.candidates().model_copy(update={"build_id": "build-7.a"})
    with pytest.raises(Terminal, match=f"the ledger holds no changed/{tiny.name}/build-7.a/"):
        release(tiny.name, changed.build_id, "linus")
    keep_document(twins.ledger, changed_path(tiny.name, changed.build_id), changed.to_json())
    with twins.answering(APPROVE):
        assert release(tiny.name, changed.build_id, "linus", return_state=True).name == "Succeeded"
    (name,) = twins.names(tiny)
    assert read_facts(twins.ledger, tiny.name, name)[0].body["changed_digest"] == changed.digest


def test_changed_circuits_with_faults_are_refused_with_all_of_them(twins: Twins, tiny: TinyTwin) -> None:
    def kept(text: str) -> str:
        keep_document.fn(twins.ledger, changed_path(tiny.name, "build"), text)
        return "build"

    document = json.loads(tiny.candidates().to_json())
    document["circuits"] += [document["circuits"][0], {**document["circuits"][1], "circuit_id": "Z9"}]
    with pytest.raises(InvalidDeclaration, match="Z9") as refused:
        release(tiny.name, kept(json.dumps(document)))
    assert len(refused.value.faults) >= 2
    with pytest.raises(InvalidDeclaration, match="not usable JSON"):
        release(tiny.name, kept('{"workload": '))
    with pytest.raises(InvalidDeclaration, match="circuits"):
        release(tiny.name, kept(json.dumps({**document, "circuits": []})))


def test_a_workload_that_is_not_there_is_refused_with_those_that_are(tiny: TinyTwin) -> None:
    with pytest.raises(Terminal, match=rf"there is no workload 'plant' in .*; the workloads there are {tiny.name}"):
        release("plant")

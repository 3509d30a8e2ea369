"""Each way in which a release must not reach production, and what people are told."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from own_faults import OwnFaults
from prefect.states import State
from tiny import APPROVE, GOOD, Tiny, answering, endpoints_in, stored_models

from domain.ask import Ask
from domain.changed_circuits import changed_path
from domain.errors import InvalidDeclaration, Terminal
from domain.fact import Kind, facts_of
from domain.fleet import open_journal
from domain.outcome import Outcome
from flows import switching
from flows.beginning import begin, outcome_of
from flows.declared import declared_workload
from flows.release import release
from flows.rollback import rollback
from tasks.batch_endpoints import naming_of
from tasks.lease import stage_lease
from tasks.ledger import keep_document, open_ledger, read_facts, record, release_names
from tasks.models import models_of
from tasks.storage import container_of

pytestmark = pytest.mark.usefixtures("site")


def run(tiny: Tiny, *answers: dict[str, str]) -> "State[str]":
    """Release new candidates; the state in which it ends."""
    approver, _ = answering(*(answers or (APPROVE,)))
    with approver:
        return release(tiny.name, tiny.candidates().to_json(), "linus", return_state=True)


def serving(site, tiny: Tiny, stage: str) -> set[str | None]:
    """What the circuits' endpoints serve at a stage."""

    workspace = getattr(site, stage)
    return {endpoints_in(workspace).serving(naming_of(workspace).endpoint(unit)) for unit in tiny.units()}


def test_a_good_release_serves_test_and_production(site, tiny: Tiny) -> None:
    state = run(tiny)
    assert (state.name, state.is_completed()) == ("Succeeded", True), state.message
    name = release_names(site.ledger, tiny.name)[0]
    assert serving(site, tiny, "test") == serving(site, tiny, "production") == {f"deployment-{name}"}


@pytest.mark.parametrize(
    ("score", "told"),
    [
        (GOOD.replace("return", "raise ValueError('no such column')\n    return"), "Job status: Failed"),
        (GOOD.replace("return", "import time\n    time.sleep(60)\n    return"), "Job status: Failed"),
        ("def init():\n    raise RuntimeError('no model')\ndef run(files):\n    return files\n", "Job status: Failed"),
        (GOOD.replace('[f"row {n}.5" for n in range(len(files))]', "[]"), "Job status: Failed"),
        (GOOD.replace("return", "print('ERROR sensor drift')\n    return"), "Errors in logs: .*ERROR sensor drift"),
    ],
    ids=["raises", "hangs", "cannot start", "writes nothing", "logs an error"],
)
def test_scoring_that_goes_wrong_stops_the_release_before_any_switch(site, tiny: Tiny, score: str, told: str) -> None:
    tiny.declare(score=score)
    state = run(tiny)
    assert state.name == "Failed"
    assert re.search(told, state.message or ""), state.message
    assert serving(site, tiny, "test") == serving(site, tiny, "production") == {None}
    facts = read_facts(site.ledger, tiny.name, release_names(site.ledger, tiny.name)[0])
    assert outcome_of(facts) is Outcome.FAILED
    assert facts_of(facts, Kind.SWITCHED) == ()


def test_scoring_that_takes_too_long_is_cancelled_and_stops_the_release(site, tiny: Tiny) -> None:
    tiny.declare(score=GOOD.replace("pass", "import time\n    time.sleep(120)"), minutes=0.03)
    state = run(tiny)
    assert state.name == "Failed"
    assert "Job status: TimedOut" in (state.message or "")
    assert serving(site, tiny, "production") == {None}


def test_another_schema_is_a_warning_and_stops_nothing(site, tiny: Tiny) -> None:
    tiny.declare(columns=("only one",))
    approver, seen = answering(APPROVE)
    with approver:
        state = release(tiny.name, tiny.candidates().to_json(), "linus", return_state=True)
    assert state.name == "Succeeded"
    assert re.search(r"Schema \| warning", seen[-1].evidence)


def test_a_circuit_without_test_data_stops_the_release_and_says_where_to_put_it(site, tiny: Tiny) -> None:
    tiny.circuits = ("A1", "B2", "C3")
    tiny.declare()
    state = run(tiny)
    assert state.name == "Failed"
    assert f"{tiny.plant}/C3 has no test data" in (state.message or "")
    assert "Upload test_input.csv there" in (state.message or "")
    assert serving(site, tiny, "test") == {None}


def test_a_model_whose_files_changed_after_registration_is_not_promoted(site, tiny: Tiny) -> None:
    changed = tiny.candidates()
    stored = container_of(site.dev)
    wanted = f"{tiny.plant}/A1".encode()
    for blob in [name for name in stored.list_blob_names() if name.endswith("model.txt")]:
        if stored.download_blob(blob).readall().startswith(wanted):
            stored.upload_blob(blob, b"something else", overwrite=True)
    approver, _ = answering(APPROVE)
    with approver:
        state = release(tiny.name, changed.to_json(), "linus", return_state=True)
    assert state.name == "Failed"
    assert "changed after it was registered" in (state.message or "")
    assert models_of(site.registry, f"{tiny.plant}-a1".lower()) == ()


def test_a_rejection_ends_the_release_with_its_comment_and_nothing_is_promoted(site, tiny: Tiny) -> None:
    no = {"decision": "reject", "approver": "ada", "comment": ""}
    state = run(tiny, no, {**no, "comment": "metrics look wrong"})
    assert state.name == "Rejected"
    assert state.message == "ada rejected it at Registry-Approval: metrics look wrong"
    assert models_of(site.registry, f"{tiny.plant}-a1".lower()) == ()
    facts = read_facts(site.ledger, tiny.name, release_names(site.ledger, tiny.name)[0])
    assert outcome_of(facts) is Outcome.REJECTED


def test_a_gate_that_nobody_answered_in_time_expires(site, tiny: Tiny) -> None:
    changed = tiny.candidates()
    import prefect

    @prefect.flow
    def asked_long_ago() -> None:
        made = begin(site.ledger, changed, "linus")
        stage = declared_workload(tiny.name).stage("registry")
        question = Ask.of(made, stage, "sha256:" + "0" * 64, datetime.now(UTC) - timedelta(hours=24, seconds=1), "")
        record(site.ledger, tiny.name, made.name, Kind.ASKED, question.model_dump(mode="json"))

    asked_long_ago()
    state = release(tiny.name, changed.to_json(), "linus", return_state=True)
    assert state.name == "Expired"
    assert "nobody decided at Registry-Approval" in (state.message or "")


def test_a_release_is_refused_a_stage_that_another_holds_and_goes_on_later(site, tiny: Tiny) -> None:
    changed = tiny.candidates()
    approver, _ = answering(APPROVE)
    with approver:
        with (
            stage_lease(site.ledger, tiny.name, "test", "20990101.1"),
            pytest.raises(Terminal, match=r"stage test is held by release 20990101\.1"),
        ):
            release(tiny.name, changed.to_json(), "linus")
        assert serving(site, tiny, "test") == {None}
        assert release(tiny.name, changed.to_json(), "linus", return_state=True).name == "Succeeded"
    assert len(release_names(site.ledger, tiny.name)) == 1


def test_a_switch_that_azure_accepts_and_does_not_do_is_seen_and_undone(site, tiny: Tiny, faults: OwnFaults) -> None:
    assert run(tiny).name == "Succeeded"
    before = serving(site, tiny, "production")
    endpoint = naming_of(site.production).endpoint(tiny.units()[1])
    faults.add("silent_no_op", path=f"mlw-prod/batchEndpoints/{endpoint}$", times=5)
    state = run(tiny)
    assert state.name == "Failed"
    assert re.search(
        f"{endpoint}: serves deployment-.* Azure accepted that and did not do it, .* in the studio", state.message or ""
    )
    assert serving(site, tiny, "production") == before
    with pytest.raises(Terminal, match="nothing was rolled back"):  # that way back is over, and is no rollback's own
        rollback(tiny.name, "production", dry_run=False)


def test_a_release_that_was_left_half_switched_and_fails_then_goes_back_before_it_ends(
    site, tiny: Tiny, laptop, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(tiny).name == "Succeeded"
    before = serving(site, tiny, "production")
    changed, real = tiny.candidates(), switching._carry_out

    def dies_on_the_way(at, journal):
        if journal.stage != "production":
            return real(at, journal)
        first = journal.switches()[0]
        switching.switch(at.platform, at.held, first.endpoint, first.after)
        raise RuntimeError("the power fails")

    approver, _ = answering(APPROVE)
    with approver:
        with monkeypatch.context() as patched, pytest.raises(RuntimeError, match="the power fails"):
            patched.setattr(switching, "_carry_out", dies_on_the_way)
            release(tiny.name, changed.to_json(), "linus")
        assert len(serving(site, tiny, "production")) == 2
        name = release_names(site.ledger, tiny.name)[0]
        for file in stored_models(laptop.home, f"{tiny.plant}/A1 {changed.build_id}"):
            file.write_text(file.read_text()[::-1])
        state = release(tiny.name, changed.to_json(), "linus", return_state=True)
    assert state.name == "Failed"
    assert "changed after it was registered" in (state.message or "")
    assert serving(site, tiny, "production") == before
    assert open_journal(read_facts(site.ledger, tiny.name, name), "production") is None


def test_a_manifest_that_was_changed_in_the_ledger_is_refused(site, tiny: Tiny) -> None:
    changed = tiny.candidates()
    approver, _ = answering(APPROVE)
    with approver, stage_lease(site.ledger, tiny.name, "test", "20990101.1"), pytest.raises(Terminal, match="is held"):
        release(tiny.name, changed.to_json(), "linus")
    ledger = open_ledger(site.ledger)
    first = f"{tiny.name}/{release_names(site.ledger, tiny.name)[0]}/000000.json"
    text = ledger.download_blob(first).readall().decode()
    ledger.upload_blob(first, text.replace('"requested_by":"linus"', '"requested_by":"nobody"'), overwrite=True)
    with pytest.raises(Terminal, match="it was changed"):
        release(tiny.name, changed.to_json(), "linus")


def test_a_release_is_given_the_id_of_the_build_that_kept_its_circuits(site, tiny: Tiny) -> None:
    changed = tiny.candidates().model_copy(update={"build_id": "build-7.a"})
    with pytest.raises(Terminal, match=f"the ledger holds no changed/{tiny.name}/build-7.a/"):
        release(tiny.name, changed.build_id, "linus")
    keep_document(site.ledger, changed_path(tiny.name, changed.build_id), changed.to_json())
    approver, _ = answering(APPROVE)
    with approver:
        assert release(tiny.name, changed.build_id, "linus", return_state=True).name == "Succeeded"
    (name,) = release_names(site.ledger, tiny.name)
    assert read_facts(site.ledger, tiny.name, name)[0].body["changed_digest"] == changed.digest


def test_changed_circuits_with_faults_are_refused_with_all_of_them(tiny: Tiny) -> None:
    document = json.loads(tiny.candidates().to_json())
    document["circuits"] += [document["circuits"][0], {**document["circuits"][1], "circuit_id": "Z9"}]
    with pytest.raises(InvalidDeclaration, match="Z9") as refused:
        release(tiny.name, document)
    assert len(refused.value.faults) >= 2
    with pytest.raises(InvalidDeclaration, match="not usable JSON"):
        release(tiny.name, '{"workload": ')
    with pytest.raises(InvalidDeclaration, match="circuits"):
        release(tiny.name, {**document, "circuits": []})


def test_a_workload_that_is_not_there_is_refused_with_those_that_are(tiny: Tiny) -> None:
    with pytest.raises(Terminal, match=f"there is no workload 'plant'; there are {tiny.name}"):
        release("plant")

"""A ledger that an earlier version wrote (76a24a4: content as a parameter, no workload tags, names with a dot) is read, and its release goes on."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from platform_twin import Served
from tiny import APPROVE
from twins import TinyTwin, Twins

from deployments.approval.signable import signable
from domain.approval.audit import audit
from domain.approval.audit_bundle import AuditBundle
from domain.ledger.fact import Kind, chain_faults, facts_of
from domain.release.manifest import requested_release
from domain.release.outcome import shown_ending
from domain.tags import WORKLOAD
from tasks.ledger.kept_reports import report_path
from tasks.targets.platform import Deployment

KEPT = Path(__file__).with_name("kept_from_before")
ENDED, WAITING = (AuditBundle.parse((KEPT / f"{name}.json").read_text()) for name in ("ended", "waiting"))
SOON: datetime = WAITING.facts[-1].at + timedelta(minutes=5)
"""While the question at production's gate still stands."""


@pytest.mark.parametrize("kept", [ENDED, WAITING], ids=["ended", "waiting"])
def test_every_digest_and_signature_holds(kept: AuditBundle) -> None:
    assert chain_faults(kept.facts) == ()
    found = audit(kept.facts, kept.approvers, kept.gated)
    assert found.faults == ()
    assert [one.approver for one in found.entries] == ["ada"] * len(facts_of(kept.facts, Kind.DECIDED))


@pytest.fixture
def house(twins: Twins, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TinyTwin:
    """The house as that version left it: two releases, the second at production's gate; nothing says whose it is."""
    tiny = TinyTwin("kept", tmp_path / "kept", twins=twins)
    tiny.declare()
    (tiny.folder / "workload.yaml").write_text((KEPT / "workload.yaml").read_text())
    tiny.give_test_data()
    twins.blobs.create_container()
    for kept in (ENDED, WAITING):
        for fact in kept.facts:
            twins.blobs.upload_blob(fact.slot, fact.canonical_json())
    asked = facts_of(WAITING.facts, Kind.ASKED)[-1]
    path = report_path("kept", asked.release, "production", asked.body["report_digest"])
    twins.blobs.upload_blob(path, (KEPT / "waiting.html").read_bytes())
    for kept, stages in ((ENDED, ("test", "production")), (WAITING, ("test",))):
        release = requested_release(kept.facts)
        for stage in stages:
            serve(twins, tiny, stage, release.name)
        for unit in release.units:
            key = unit.model_name, unit.model_version
            twins.models.registry[key], twins.models.circuits[key] = "a model", unit
            twins.models.tags[key] = {"release_id": release.name, "cutoff_date": unit.cutoff_date.isoformat()}
    monkeypatch.setattr(twins.models, "check", lambda *_: None)  # the files were not kept
    return tiny


def serve(twins: Twins, tiny: TinyTwin, stage: str, release: str) -> None:
    """As that version deployed and switched."""
    endpoints, name = twins.places[stage].endpoints, f"deployment-{release}"
    for unit in requested_release((ENDED if release == ENDED.facts[0].release else WAITING).facts).units:
        endpoint = f"be-{unit.plant_id}-{unit.circuit_id}".lower()
        there = endpoints.setdefault(endpoint, Served({"plant_id": unit.plant_id, "release_id": release}))
        model = f"azureml://registries/mlr-shared/models/{unit.model_name}/versions/{unit.model_version}"
        tags = {"cutoff_date": "2014-06-30", "release_id": release, "previous_deployment": there.default or "none"}
        there.deployments[name] = Deployment(endpoint, name, model, "Succeeded", tags)
        there.scripts[name] = (tiny.folder / "scoring" / "score.py").read_text()
        there.default = name


def test_the_release_that_waits_goes_on_at_its_question(twins: Twins, house: TinyTwin) -> None:
    release = requested_release(WAITING.facts)
    with time_machine.travel(SOON), twins.answering(APPROVE) as seen:
        state = twins.release_as_answered(house, house.hand_over(release.units, build_id="build-2"))
    assert state.name == "Succeeded", state.message
    assert len(seen) == 1
    facts = twins.facts(house)
    assert facts[: len(WAITING.facts)] == WAITING.facts
    assert len(facts_of(facts, Kind.ASKED)) == 2  # as before: it is the same question
    assert twins.names(house) == (release.name, ENDED.facts[0].release)
    assert {one.default for one in twins.places["production"].endpoints.values()} == {f"deployment-{release.name}"}
    assert {one.tags[WORKLOAD] for one in twins.places["production"].endpoints.values()} == {house.name}


def test_what_is_signed_about_it_is_shown_by_its_manifest(twins: Twins, house: TinyTwin) -> None:
    with time_machine.travel(SOON):

        def look(pending: object) -> None:
            about = signable(twins.ledger, [house.name], pending)  # type: ignore[arg-type]  # it is one
            assert "kept-a1:2" in about.evidence
            raise twins.power.cut()

        with twins.power.failing(), twins.answering(look):  # type: ignore[arg-type]  # it never answers
            twins.release_as_answered(house, house.hand_over(requested_release(WAITING.facts).units))


def test_newer_models_replace_what_it_left(twins: Twins, house: TinyTwin) -> None:
    """Endpoints, deployments and models without a workload's tag are those of its own ledger."""
    for number in ("1", "2"):
        for circuit in ("a1", "b2"):
            twins.models.dev[f"kept-{circuit}", number] = "a model"
    assert shown_ending(ENDED.facts) is not None
    with time_machine.travel(SOON):
        state = twins.release(house, house.candidates())
    assert state.name == "Succeeded", state.message
    assert {one.tags[WORKLOAD] for one in twins.places["production"].endpoints.values()} == {house.name}

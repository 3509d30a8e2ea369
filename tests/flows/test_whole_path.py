"""From raw data to production and back, on the emulator, with real training of a small slice."""

import json
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError
from prefect.client.orchestration import get_client
from prefect.states import State
from tiny import APPROVE, answering, endpoints_in
from typer.testing import CliRunner

from deployments.cli import app
from domain.candidate.changed_circuits import ChangedCircuits
from domain.errors import Terminal
from domain.ledger.fact import Kind, chain_faults, facts_of
from domain.naming import deployment_name
from flows.deploy_version import deploy_version
from flows.extract_prepare import extract_prepare
from flows.release import release
from flows.rollback import rollback
from flows.train_register import train_register
from tasks import workloads
from tasks.azure_ml.models import models_of, models_tagged
from tasks.ledger.facts import read_facts, release_names
from tasks.targets.platform import model_of
from tasks.targets.serving import deployment_serving
from tasks.workloads import declared_workload

CIRCUITS = ["HAUTEBORNE/R80711", "HAUTEBORNE/R80736"]
FIRST, SECOND = date(2014, 4, 30), date(2014, 9, 30)


@dataclass(frozen=True)
class Story:
    """What the parts of the path are told of those before: candidates of the first cutoff, and their release's name."""

    site: Any
    folder: Path
    first: ChangedCircuits
    released: str


def trained() -> ChangedCircuits:
    """Candidates of the first cutoff."""
    prepared = extract_prepare("plants", FIRST, CIRCUITS)
    assert [str(one.unit) for one in prepared] == CIRCUITS
    changed = train_register("plants", FIRST, CIRCUITS)
    assert changed is not None
    return changed


def carried(site: Any, first: ChangedCircuits) -> str:
    """The name of the first release, in production."""
    approver, seen = answering({**APPROVE, "approver": "mallory"}, APPROVE)
    with approver:
        state: State[str] = release("plants", first.build_id, "linus", return_state=True)
    assert state.is_completed(), state
    assert len(seen) == 3  # mallory is refused once, and both gates asked
    assert "mallory is not a member of ml-engineers" in seen[1].evidence
    return release_names(site.ledger, "plants")[0]


def the_training_compute_is_gone_at_the_end(story: Story) -> None:
    with pytest.raises(ResourceNotFoundError):
        story.site.dev.get_client().compute.get(declared_workload("plants").training.compute.name)


def data_is_registered_once_with_its_validation_report(story: Story) -> None:
    again = extract_prepare("plants", FIRST, CIRCUITS)
    assert [one.asset for one in again] == [f"HAUTEBORNE_{name}:2014-04-30" for name in ("R80711", "R80736")]
    assert all(
        one.report_digest == circuit.data_report_digest
        for one, circuit in zip(again, story.first.circuits, strict=True)
    )


def candidates_carry_the_tags_that_approvers_look_for(story: Story) -> None:
    found = models_tagged(story.site.dev, {"validated": "true", "cutoff_date": "2014-04-30"})
    assert [model.name for model in found] == ["hauteborne-r80711", "hauteborne-r80736"]
    assert found[0].tags["plant_id"] == "HAUTEBORNE"
    assert json.loads(found[0].tags["metrics"])["rmse"] > 0
    assert found[0].digest == story.first.circuits[0].model_digest


def every_circuit_serves_the_release_and_the_ledger_holds_together(story: Story) -> None:
    facts = read_facts(story.site.ledger, "plants", story.released)
    assert chain_faults(facts) == ()
    assert [fact.body["outcome"] for fact in facts_of(facts, Kind.ENDED)] == ["SUCCEEDED"]
    assert {fact.body["statement"]["approver"] for fact in facts_of(facts, Kind.DECIDED)} == {"ada"}
    for circuit in story.first.circuits:
        serving = deployment_serving(endpoints_in(story.site.production), circuit.unit)
        assert serving is not None
        assert serving.name == deployment_name(story.released)
        assert model_of(serving) == (circuit.model_name, circuit.model_version)
        assert serving.tags["release_id"] == story.released
        assert serving.tags["cutoff_date"] == "2014-04-30"
        assert serving.tags["previous_deployment"] == "none"


def published_models_have_the_tags_of_the_seed_and_whose_they_are(story: Story) -> None:
    model = models_of(story.site.registry, "hauteborne-r80711")[-1]
    assert set(model.tags) == {
        "workload", "cutoff_date", "plant_id", "circuit_id", "promoted_from", "promoted_at", "release_id", "build_id",
    }  # fmt: skip
    assert (model.tags["promoted_from"], model.tags["release_id"]) == ("dev", story.released)
    assert all(isinstance(value, str) for value in model.tags.values())


def releasing_the_same_circuits_again_changes_nothing_and_is_green(story: Story) -> None:
    facts = read_facts(story.site.ledger, "plants", story.released)
    state = release("plants", story.first.build_id, "linus", return_state=True)
    assert (state.name, state.message) == (
        "Succeeded",
        "production serves exactly these models; there is nothing left to do",
    )
    assert read_facts(story.site.ledger, "plants", story.released) == facts


def the_replay_of_a_release_is_fetched_as_a_page(story: Story) -> None:
    page = story.folder / "replay.html"
    arguments = ["report", story.released, "production", "--output", str(page)]
    fetched = CliRunner(env={"COLUMNS": "200"}).invoke(app, [*arguments, "--replay"])
    assert fetched.exit_code == 0, fetched.output
    assert f"release {story.released}" in page.read_text()
    (replayed,) = facts_of(read_facts(story.site.ledger, "plants", story.released), Kind.REPLAYED)
    assert replayed.body["report"] in fetched.output
    missing = CliRunner().invoke(app, ["report", story.released, "test", "--replay"])
    assert missing.exit_code == 1
    assert "nothing was replayed" in missing.output


def a_first_release_has_nothing_to_roll_back_to(story: Story) -> None:
    with pytest.raises(Terminal, match="is the first deployment of be-hauteborne-r80711; nothing came before it"):
        rollback("plants", circuits=CIRCUITS, dry_run=False)


def a_chosen_version_that_is_there_is_not_deployed_again(story: Story) -> None:
    state = deploy_version(CIRCUITS[0], story.first.circuits[0].model_version, "test", return_state=True)
    assert state.message == "test serves exactly these models; there is nothing left to do"


def a_chosen_version_goes_to_the_test_stage_without_a_gate(story: Story) -> None:
    version = story.first.circuits[0].model_version
    with pytest.raises(Terminal, match="would replace one of later data at test"):
        deploy_version(CIRCUITS[0], version, "test")
    state = deploy_version(CIRCUITS[0], version, "test", older=True, return_state=True)
    assert state.is_completed(), state
    serving = deployment_serving(endpoints_in(story.site.test), story.first.circuits[0].unit)
    assert serving is not None
    assert serving.tags["release_id"] != story.released


def a_version_that_is_not_there_is_refused_with_those_that_are(story: Story) -> None:
    with pytest.raises(Terminal, match="has no version 99 of hauteborne-r80711; it has 1"):
        deploy_version(CIRCUITS[0], "99", "test")


def a_second_release_rolls_over_the_first_and_back_again(story: Story) -> None:
    extract_prepare("plants", SECOND, CIRCUITS[:1])
    changed = train_register("plants", SECOND, CIRCUITS[:1])
    assert changed is not None, "the later model is better on the later rows"
    assert changed.circuits[0].champion_version == story.first.circuits[0].model_version
    assert changed.circuits[0].champion_metrics is not None
    approver, seen = answering(APPROVE)
    with approver:
        assert release("plants", changed.build_id, "linus", return_state=True).is_completed()
    assert "Smoke tests at test" in seen[-1].evidence
    unit = changed.circuits[0].unit
    second = deployment_serving(endpoints_in(story.site.production), unit)
    assert second is not None
    assert second.tags["previous_deployment"] == deployment_name(story.released)

    plan = rollback("plants", circuits=CIRCUITS[:1])
    assert [row["to"] for row in plan] == [deployment_name(story.released)]
    assert deployment_serving(endpoints_in(story.site.production), unit) == second  # a dry run changes nothing

    rollback("plants", circuits=CIRCUITS[:1], reason="a bad feeling", dry_run=False)
    now = deployment_serving(endpoints_in(story.site.production), unit)
    assert now is not None
    assert now.name == deployment_name(story.released)
    facts = read_facts(story.site.ledger, "plants", second.tags["release_id"])
    assert [fact.body["reason"] for fact in facts_of(facts, Kind.HELD)] == ["a bad feeling"]


def a_candidate_that_is_not_better_ends_green_and_is_not_registered(story: Story) -> None:
    before = len(models_of(story.site.dev, "hauteborne-r80711"))
    extract_prepare("plants", date(2014, 12, 31), CIRCUITS[:1])
    # a champion that has seen the held-out rows cannot be beaten on them: the service itself says who serves
    state = train_register("plants", date(2014, 12, 31), CIRCUITS[:1], return_state=True)
    assert state.is_completed()
    changed = state.result()
    assert (changed is None) == (len(models_of(story.site.dev, "hauteborne-r80711")) == before)


PARTS = (
    the_training_compute_is_gone_at_the_end,
    data_is_registered_once_with_its_validation_report,
    candidates_carry_the_tags_that_approvers_look_for,
    every_circuit_serves_the_release_and_the_ledger_holds_together,
    published_models_have_the_tags_of_the_seed_and_whose_they_are,
    releasing_the_same_circuits_again_changes_nothing_and_is_green,
    the_replay_of_a_release_is_fetched_as_a_page,
    a_first_release_has_nothing_to_roll_back_to,
    a_chosen_version_that_is_there_is_not_deployed_again,
    a_version_that_is_not_there_is_refused_with_those_that_are,
    a_second_release_rolls_over_the_first_and_back_again,
    a_chosen_version_goes_to_the_test_stage_without_a_gate,
    a_candidate_that_is_not_better_ends_green_and_is_not_registered,
)


def test_from_raw_data_to_production_and_back(
    site, unique: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, subtests: pytest.Subtests
) -> None:
    """One after the other: each part finds what those before it left."""
    for name in (
        "plants",
        "included",
    ):  # forms of other workloads are not ours, and neither is the cluster that they train on
        shutil.copytree(workloads.WORKLOADS / name, tmp_path / "workloads" / name)
    declaration = tmp_path / "workloads" / "plants" / "workload.yaml"
    declaration.write_text(declaration.read_text().replace("name: train-cluster", f"name: train-{unique}"))
    monkeypatch.setattr(workloads, "WORKLOADS", tmp_path / "workloads")
    first = trained()
    story = Story(site, tmp_path, first, carried(site, first))
    for part in PARTS:
        with subtests.test(part.__name__):
            part(story)


def test_the_server_is_the_one_of_this_laptop(laptop) -> None:
    with get_client(sync_client=True) as client:
        assert str(client.api_url).startswith(laptop.ui_url)

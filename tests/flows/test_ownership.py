"""Two workloads with circuits of the same names, on Azure: data, candidates, registry and endpoints say whose they are."""

import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from azure.ai.ml.entities import Model as AzureModel
from served import Served
from tiny import APPROVE, NOTHING, Tiny, answering, endpoints_in

from benchmarks.pretended_training import DATA_ASSET, JOB
from blocks.container_instances import ContainerInstances
from blocks.loading import loaded
from domain.errors import Terminal
from domain.tags import RELEASE_ID, WORKLOAD
from flows.release import release
from flows.stage.ownership import must_be_own
from tasks.azure_ml.datasets import register_data
from tasks.azure_ml.models import models_of, register_model
from tasks.azure_ml.pipelines import PublishedPipeline
from tasks.data.prepare import prepare_unit
from tasks.ledger.facts import release_names
from tasks.targets.container_instance.groups import find_group, tag_group
from tasks.training.train import train_unit
from tasks.workloads import declared_workload

pytestmark = pytest.mark.usefixtures("site")
CUTOFF = date(2014, 6, 30)
NOT_PUBLISHED = PublishedPipeline(Path("nowhere.yaml"), {})


def register(site: Any, name: str, version: str, **tags: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "MLTable").write_text("paths:\n  - file: ./rows.csv\ntransformations: []\n")
        Path(folder, "rows.csv").write_text("value\n1\n")
        register_data(site.dev, name, version, folder, {"content_digest": NOTHING, **tags})


@pytest.mark.parametrize("version", ["2014-06-30", "2013-12-31"])
def test_data_of_another_workload_is_neither_taken_nor_added_to(site, tiny: Tiny, version: str) -> None:
    unit, workload = tiny.units()[0], declared_workload(tiny.name)
    register(site, workload.data_asset_name(unit), version, workload="pumps", report_digest=NOTHING)
    with pytest.raises(
        Terminal, match=rf"{workload.data_asset_name(unit)}:{version} in mlw-dev belongs to workload pumps"
    ):
        prepare_unit.fn(site.dev, site.ledger, workload, unit, CUTOFF, NOT_PUBLISHED, "none")


def test_a_model_is_not_trained_on_data_of_another_workload(site, tiny: Tiny) -> None:
    unit, workload = tiny.units()[0], declared_workload(tiny.name)
    register(site, workload.data_asset_name(unit), "2014-06-30", workload="pumps", report_digest=NOTHING)
    with pytest.raises(Terminal, match="belongs to workload pumps"):
        train_unit.fn(site.dev, None, site.registry, workload, unit, CUTOFF, NOT_PUBLISHED, "none")


def test_a_candidate_of_another_workload_is_not_taken_for_ones_own(site, tiny: Tiny, tmp_path: Path) -> None:
    """What was registered for the same data by another workload is no candidate of an earlier run."""
    unit, workload = tiny.units()[0], declared_workload(tiny.name)
    asset = workload.data_asset_name(unit)
    register(site, asset, "2014-06-30", workload=tiny.name, report_digest=NOTHING)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.txt").write_text(tiny.name)
    tags = {WORKLOAD: "pumps", "data_asset": f"{asset}:2014-06-30", "training_job": JOB}
    register_model(site.dev, workload.model_name(unit), tmp_path / "model", tags)
    with pytest.raises(Terminal, match=rf"{workload.model_name(unit)}:1 in mlw-dev belongs to workload pumps"):
        train_unit.fn(site.dev, None, site.registry, workload, unit, CUTOFF, NOT_PUBLISHED, "none")


def test_what_says_nothing_is_whose_the_job_is_that_made_it(site, tiny: Tiny) -> None:
    from azure.ai.ml import command
    from azure.ai.ml.entities import Environment

    unit, workload, client = tiny.units()[0], declared_workload(tiny.name), site.dev.get_client()
    image = Environment(image="mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest")
    made = client.jobs.create_or_update(command(command="true", environment=image, tags={WORKLOAD: "pumps"}))
    register(site, workload.data_asset_name(unit), "2014-06-30", job=made.name)
    with pytest.raises(Terminal, match="belongs to workload pumps"):
        prepare_unit.fn(site.dev, site.ledger, workload, unit, CUTOFF, NOT_PUBLISHED, "none")


class Rival(Tiny):
    """Another team's workload, with the circuits of one that is there."""

    rivals = ""

    @property
    def plant(self) -> str:
        return self.rivals


def test_a_release_of_another_workload_touches_nothing_and_with_a_prefix_has_names_of_its_own(site, tiny: Tiny) -> None:
    tiny.serve()
    rival = Rival(f"{tiny.name}r", tiny.folder.parent / f"{tiny.name}r")
    rival.rivals = tiny.plant
    rival.declare()
    rival.give_test_data()
    platform = endpoints_in(site.production)
    before = [platform.serving(platform.endpoint(unit)) for unit in tiny.units()]
    mine = declared_workload(tiny.name).model_name(tiny.units()[0])

    approver, seen = answering(APPROVE)
    with approver:
        state = release(rival.name, rival.candidates().build_id, "linus", return_state=True)
    assert state.name == "Failed"
    assert f"model {mine} in registry {site.registry.registry_name} belongs to workload {tiny.name}" in (
        state.message or ""
    )
    assert seen == []
    assert len(models_of(site.registry, mine)) == 1
    assert release_names(site.ledger, rival.name) == ()

    rival.declare(prefix="r-")
    rival.serve()
    assert [platform.serving(platform.endpoint(unit)) for unit in tiny.units()] == before
    assert models_of(site.registry, f"r-{mine}")[0].tags[WORKLOAD] == rival.name


def test_a_version_that_no_release_put_into_the_registry_is_named_with_the_one_that_is_free(
    site, tiny: Tiny, tmp_path: Path
) -> None:
    changed = tiny.candidates()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "model.txt").write_text("somebody's")
    name = changed.circuits[0].model_name
    site.registry.get_client().models.create_or_update(
        AzureModel(name=name, version="1", path=str(tmp_path / "other"), type="custom_model")
    )
    approver, _ = answering(APPROVE)
    with approver:
        state = release(tiny.name, changed.build_id, "linus", return_state=True)
    assert state.name == "Failed"
    assert (
        f"already has a different {name}:1, and versions never change; no release of Signalbox put it there"
        in state.message
    )
    assert "Version 2 is free there" in state.message


@pytest.mark.slow
def test_a_container_group_of_another_workload_is_not_replaced(site, served: Served) -> None:
    workload, instances = declared_workload(served.name), loaded(ContainerInstances, "dev")
    name = workload.naming(instances.prefix, instances.suffix).container_group(served.units()[0])
    served.serve(until="dev")
    tags = find_group(instances, name).tags
    assert tags[WORKLOAD] == served.name
    must_be_own(site.ledger, workload, served.units(), [workload.stage("dev")])
    tag_group(instances, name, {**tags, WORKLOAD: "pumps"})
    with pytest.raises(Terminal, match=f"nothing was touched: .*{name} in .* belongs to workload pumps"):
        release(served.name, served.candidates().build_id, "linus", "dev")
    assert find_group(instances, name).tags[RELEASE_ID] == tags[RELEASE_ID]


def test_the_data_and_the_job_that_tests_pretend_with_are_nobodys(site) -> None:
    """Else the tests above would prove nothing."""
    asset, version = DATA_ASSET.split(":")
    client = site.dev.get_client()
    assert WORKLOAD not in (client.data.get(asset, version).tags or {})
    assert WORKLOAD not in (client.jobs.get(JOB).tags or {})

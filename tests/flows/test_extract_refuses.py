"""Data that must not be registered, and what people are told."""

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client

from domain.errors import Terminal
from domain.workload import Workload
from flows import declared
from flows.extract_prepare import extract_prepare
from flows.train_register import train_register
from tasks.datasets import find_data
from tasks.storage import upload_file

CUTOFF = date(2014, 3, 31)
GOOD, BAD = "HAUTEBORNE/R80711", "HAUTEBORNE/R80721"


@pytest.fixture
def plant(site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unique: str) -> Workload:
    """The plants' workload under a name, raw data and a training cluster of this test's own."""
    folder = tmp_path / f"plants{unique}"
    shutil.copytree(declared.WORKLOADS / "plants", folder)
    text = (folder / "workload.yaml").read_text()
    for old, new in {
        "name: plants\n": f"name: {folder.name}\n",
        "paths/raw/": f"paths/raw-{unique}/",
        "name: train-cluster": f"name: train-{unique}",
    }.items():
        assert old in text
        text = text.replace(old, new)
    (folder / "workload.yaml").write_text(text)
    monkeypatch.setattr(declared, "WORKLOADS", tmp_path)
    return declared.declared_workload(folder.name)


@pytest.fixture
def raw_with_a_stuck_sensor(site, plant: Workload, tmp_path: Path) -> None:
    """The plant's raw file, with one turbine's wind speed stuck at 99."""
    original = Path(__file__).parents[2] / ".signalbox" / "data" / "plants" / "scada.csv"
    broken = tmp_path / "scada.csv"
    with original.open() as source, broken.open("w") as target:
        for line in source:
            parts = line.split(",")
            if parts[0] == "R80721":
                parts[4] = "99.0"
            target.write(",".join(parts))
    upload_file.fn(site.dev, broken, f"{plant.data.raw.format(plant='HAUTEBORNE')}scada.csv")


def test_a_circuit_with_bad_data_stops_with_every_failed_expectation_and_the_others_go_on(
    site, plant: Workload, raw_with_a_stuck_sensor: None
) -> None:
    prepared = extract_prepare(plant.name, CUTOFF, [GOOD, BAD])
    assert [str(one.unit) for one in prepared] == [GOOD]
    assert find_data(site.dev, "HAUTEBORNE_R80721", CUTOFF.isoformat()) is None
    with get_client(sync_client=True) as client:
        table = next(one for one in client.read_latest_artifacts() if one.key == f"{plant.name}-prepared")
    assert "expect_column_values_to_be_between" in str(table.data)
    assert "expect_column_stdev_to_be_between" in str(table.data)
    with pytest.raises(Terminal, match="no circuit has valid data"):
        extract_prepare(plant.name, CUTOFF, [BAD])


@pytest.mark.parametrize(
    ("cutoff", "told"),
    [
        (datetime.now(UTC).date() + timedelta(days=2), "in the future|is not over|after today|before today"),
        (date(2013, 12, 1), "before the data|after the data's first day|2014-01-01"),
    ],
    ids=["future", "before the data"],
)
def test_a_cutoff_outside_the_data_is_refused(plant: Workload, cutoff: date, told: str) -> None:
    with pytest.raises(Terminal, match=told):
        extract_prepare(plant.name, cutoff, [GOOD])


def test_a_circuit_that_is_not_in_the_workload_is_refused_with_those_that_are(plant: Workload) -> None:
    with pytest.raises(Terminal, match=r"HAUTEBORNE/R1.*HAUTEBORNE/R80711"):
        extract_prepare(plant.name, CUTOFF, ["HAUTEBORNE/R1"])


def test_training_without_registered_data_is_refused_and_its_compute_is_deleted_all_the_same(
    site, plant: Workload
) -> None:
    from azure.core.exceptions import ResourceNotFoundError

    with pytest.raises(Terminal, match="no candidate was registered"):
        train_register(plant.name, date(2014, 2, 2), [GOOD])
    with pytest.raises(ResourceNotFoundError):
        site.dev.get_client().compute.get(plant.training.compute.name)


def test_the_emulator_that_does_not_run_is_named(site, silent_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from azure.storage.blob import ContainerClient

    from tasks.azure_errors import azure_errors
    from tasks.ledger import Transient

    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{silent_port}")
    lost = ContainerClient(
        "https://nobody.blob.core.windows.net", "c", credential=site.ledger.credential.get_client(), retry_total=0
    )
    with pytest.raises(Transient, match="is the emulator running"), azure_errors("asking"):
        lost.exists()

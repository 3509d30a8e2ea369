"""Data that must not be registered, and what people are told."""

import re
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client

from domain.candidate.changed_circuits import ChangedCircuit
from domain.declaration.workload import Workload
from domain.errors import Terminal
from domain.unit import Unit
from flows.extract_prepare import extract_prepare
from flows.train_register import train_register
from tasks import workloads
from tasks.azure_ml.datasets import find_data
from tasks.azure_ml.datastore_files import upload_file
from tasks.data.kept_report import data_report

CUTOFF = date(2014, 3, 31)
GOOD, BAD = "HAUTEBORNE/R80711", "HAUTEBORNE/R80721"


@pytest.fixture
def plant(site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unique: str) -> Workload:
    """The plants' workload under a name, a prefix, raw data and a training cluster of this test's own."""
    folder = tmp_path / f"plants{unique}"
    shutil.copytree(workloads.WORKLOADS / "plants", folder)
    shutil.copytree(workloads.WORKLOADS / "included", tmp_path / "included")
    text = (folder / "workload.yaml").read_text()
    for old, new in {
        "name: plants\n": f"name: {folder.name}\nprefix: x{unique}-\n",
        "paths/raw/": f"paths/raw-{unique}/",
        "name: train-cluster": f"name: train-{unique}",
    }.items():
        assert old in text
        text = text.replace(old, new)
    (folder / "workload.yaml").write_text(text)
    monkeypatch.setattr(workloads, "WORKLOADS", tmp_path)
    return workloads.declared_workload(folder.name)


@pytest.fixture
def raw_with_a_stuck_sensor(site, plant: Workload, tmp_path: Path) -> None:
    """The plant's raw file, with one turbine's wind speed stuck at 99."""
    original = Path(__file__).parents[3] / ".signalbox" / "data" / "plants" / "scada.csv"
    broken = tmp_path / "scada.csv"
    with original.open() as source, broken.open("w") as target:
        for line in source:
            parts = line.split(",")
            if parts[0] == "R80721":
                parts[4] = "99.0"
            target.write(",".join(parts))
    upload_file(site.dev, broken, f"{plant.data.raw.format(plant='HAUTEBORNE')}scada.csv")


def test_a_circuit_with_bad_data_stops_with_every_failed_expectation_and_the_others_go_on(
    site, plant: Workload, raw_with_a_stuck_sensor: None
) -> None:
    prepared = extract_prepare(plant.name, CUTOFF, [GOOD, BAD])
    assert [str(one.unit) for one in prepared] == [GOOD]
    assert find_data(site.dev, plant.data_asset_name(Unit.parse(BAD)), CUTOFF.isoformat()) is None
    with get_client(sync_client=True) as client:
        table = next(one for one in client.read_latest_artifacts() if one.key == f"{plant.name}-prepared")
    assert "expect_column_values_to_be_between" in str(table.data)
    assert "expect_column_stdev_to_be_between" in str(table.data)
    with pytest.raises(Terminal, match="no circuit has valid data"):
        extract_prepare(plant.name, CUTOFF, [BAD])


def test_a_delivery_for_the_same_days_is_read_again_and_what_it_changes_is_said(
    site, plant: Workload, tmp_path: Path
) -> None:
    """A source corrects half of its powers, adds a file that nobody reads, and later delivers the same once more."""
    cutoff, original = date(2014, 2, 10), Path(__file__).parents[3] / ".signalbox" / "data" / "plants" / "scada.csv"
    raw = plant.data.raw.format(plant="HAUTEBORNE")

    def deliver(rows: list[str], name: str = "scada.csv") -> None:
        (tmp_path / name).write_text("".join(rows))
        upload_file(site.dev, tmp_path / name, f"{raw}{name}")

    def prepared() -> tuple[str, str]:
        """Version and note; approvers find the report of that version's data."""
        [one] = extract_prepare(plant.name, cutoff, [GOOD])
        candidate = ChangedCircuit(
            plant_id=one.unit.plant,
            circuit_id=one.unit.circuit,
            model_name="unread",
            model_version="1",
            model_digest=one.report_digest,
            data_asset=one.asset,
            cutoff_date=cutoff,
            data_report_digest=one.report_digest,
            training_job="unread",
            metrics={},
        )
        rows = data_report(site.ledger, plant.name, candidate)
        assert rows
        assert {met for _, met, _ in rows} == {"met"}
        return one.asset.partition(":")[2], one.note

    rows = original.read_text().splitlines(keepends=True)[:40_000]
    deliver(rows)
    assert prepared() == ("2014-02-10", "")
    assert prepared() == ("2014-02-10", "was already there, so nothing was read")

    corrected = [rows[0]]
    for line in rows[1:]:
        parts = line.split(",")
        if parts[0] == "R80711" and parts[1] < "2014-01-21":
            parts[3] = "100.0"
        corrected.append(",".join(parts))
    deliver(corrected)
    deliver(rows[:1], "scada_2014-02.csv")
    version, note = prepared()
    assert version == "2014-02-10-2"
    assert "left out: scada_2014-02.csv: only scada.csv is read" in note
    assert re.search(r"delivered again since \S+:2014-02-10: 2,8\d\d of 5,\d+ rows changed \(active_power\)", note)
    assert prepared()[1] == "was already there, so nothing was read"

    elsewhere = [line.replace("R80790", "R80790 ") if line.startswith("R80790") else line for line in corrected]
    deliver(elsewhere)
    assert prepared() == ("2014-02-10-2", "was already there: later deliveries change none of its rows")


def test_a_row_of_a_clock_that_was_lost_stops_the_circuit(site, plant: Workload, tmp_path: Path) -> None:
    original = Path(__file__).parents[3] / ".signalbox" / "data" / "plants" / "scada.csv"
    rows = original.read_text().splitlines(keepends=True)[:40_000]
    lost = next(line for line in rows if line.startswith("R80711")).split(",")
    (tmp_path / "scada.csv").write_text("".join([*rows, ",".join([lost[0], "1970-01-01T00:00:00Z", *lost[2:]])]))
    upload_file(site.dev, tmp_path / "scada.csv", f"{plant.data.raw.format(plant='HAUTEBORNE')}scada.csv")
    with pytest.raises(Terminal, match=r"between\(timestamp\): 1 of .* for example 1970-01-01.*min_value 2014-01-01"):
        extract_prepare(plant.name, date(2014, 2, 9), [GOOD])


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
    from tasks.ledger.facts import Transient

    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{silent_port}")
    lost = ContainerClient(
        "https://nobody.blob.core.windows.net", "c", credential=site.ledger.credential.get_client(), retry_total=0
    )
    with pytest.raises(Transient, match="is the emulator running"), azure_errors("asking"):
        lost.exists()

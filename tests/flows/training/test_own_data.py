"""A workload in somebody else's folder is seeded by its own data.py; without one, people read what to upload or to write."""

from collections.abc import Sequence
from typing import Any

import pytest
from tiny import Tiny

from deployments.laptop.data import missing_data, seed_data
from domain.declaration.workload import Workload
from tasks.azure_ml.datastore_files import list_files
from tasks.workloads import declared_workload

SEED = """
def seed(missing, directory, report):
    directory.mkdir(parents=True, exist_ok=True)
    files = {}
    for folder, plant, circuit in missing:
        files[folder] = directory / f"{plant}-{circuit or 'raw'}.csv"
        files[folder].write_text("value\\n1\\n")
    return files
"""


def raw_files(site: Any, workload: Workload) -> Sequence[str]:
    return list_files(site.dev, workload.data.raw_for(workload.units[0]))


def test_a_workload_of_one_s_own_is_seeded_by_its_data_file(
    site: Any, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deployments.laptop.data.DATA", tiny.folder / "kept")
    workload, said = declared_workload(tiny.name), list[str]()
    seed_data(workload, said.append)
    assert raw_files(site, workload) == ()
    assert [line.split()[0] for line in said] == [workload.data.raw_for(workload.units[0]), "Or"]
    assert f"write {tiny.folder / 'data.py'} with `seed(missing, directory, report)`" in said[1]
    (tiny.folder / "data.py").write_text(SEED)
    said.clear()
    seed_data(workload, said.append)
    assert raw_files(site, workload) == (f"raw/{tiny.plant}/{tiny.plant}-raw.csv",)
    assert missing_data(workload) == ()
    assert said == [f"uploading the data of {tiny.name} (1 folder)"]  # its test data was there

"""A workload's own data.py, wherever its folder is: its data and its days, or what to write, or the line that is wrong."""

from datetime import date
from pathlib import Path

import pytest

from deployments.laptop.data_file import Missing, cutoffs, seed
from domain.declaration.workload import Workload
from domain.errors import Terminal
from tasks.workloads import declared_workload, known_workloads

MISSING: list[Missing] = [("raw/P1/", "P1", ""), ("test/P1/A/", "P1", "A")]
SOUND = """
from dataclasses import dataclass
from datetime import date

@dataclass
class Given:
    text: str

def seed(missing, directory, report):
    report("writing")
    directory.mkdir(parents=True)
    files = {}
    for folder, plant, circuit in missing:
        files[folder] = directory / f"{plant}{circuit}.csv"
        files[folder].write_text(Given(circuit or "raw").text)
    return files

def cutoffs():
    return [date(2020, 1, 31), date(2020, 2, 29)]
"""


@pytest.fixture
def own(tmp_path: Path) -> Workload:
    """A workload in a folder of somebody else, which is no package; without a data.py."""
    folder = tmp_path / "some-pumps"
    folder.mkdir()
    return declared_workload("plants").model_copy(update={"name": "pumps", "folder": folder})


def test_a_workload_in_any_folder_brings_its_data_and_its_days(own: Workload, tmp_path: Path) -> None:
    (own.folder / "data.py").write_text(SOUND)
    said: list[str] = []
    files = seed(own, MISSING, tmp_path / "kept", said.append)
    assert {folder: file.read_text() for folder, file in files.items()} == {"raw/P1/": "raw", "test/P1/A/": "A"}
    assert said == ["writing"]
    assert cutoffs(own) == (date(2020, 1, 31), date(2020, 2, 29))


@pytest.mark.parametrize("name", known_workloads())
def test_every_workload_here_says_its_days(name: str) -> None:
    assert len(cutoffs(declared_workload(name))) > 2


def test_without_a_data_file_or_one_of_its_functions_it_is_said_what_to_write(own: Workload, tmp_path: Path) -> None:
    with pytest.raises(Terminal, match=r"there is no .*data\.py: give --cutoff.*or write that file with `cutoffs\(\)`"):
        cutoffs(own)
    (own.folder / "data.py").write_text("cutoffs = 3\n")
    with pytest.raises(
        Terminal, match=r"data\.py has no function cutoffs: write `cutoffs\(\)`, which returns the days"
    ):
        cutoffs(own)
    with pytest.raises(Terminal, match=r"has no function seed: write `seed\(missing, directory, report\)`, which gets"):
        seed(own, MISSING, tmp_path, print)


@pytest.mark.parametrize(
    ("source", "where"),
    [
        ("days = 1\ndef cutoffs(:\n", r"data\.py:2: SyntaxError"),
        ("import os\n\nimport no_such_module\n", r"data\.py:3: ModuleNotFoundError: No module named 'no_such_module'"),
        (
            "def cutoffs():\n    return list(\n        1 / 0\n    )\n",
            r"data\.py:3: ZeroDivisionError: division by zero",
        ),
        ("import json\ndef cutoffs():\n    return json.loads('')\n", r"data\.py:3: JSONDecodeError"),
        ("def cutoffs(one):\n    return ()\n", r"data\.py: TypeError: cutoffs\(\) missing 1 required"),
    ],
)
def test_what_is_broken_in_it_is_named_with_its_line(own: Workload, source: str, where: str) -> None:
    (own.folder / "data.py").write_text(source)
    with pytest.raises(Terminal, match=rf"the data of some-pumps cannot be had: .*{where}"):
        cutoffs(own)


@pytest.mark.parametrize("days", ["None", "[]", "['2020-01-31']", "[date(2020, 2, 1), date(2020, 1, 1)]"])
def test_days_that_are_none_or_out_of_order_are_refused(own: Workload, days: str) -> None:
    (own.folder / "data.py").write_text(f"from datetime import date\ndef cutoffs():\n    return {days}\n")
    with pytest.raises(
        Terminal, match=r"cutoffs\(\) in .* it must return days \(datetime.date\) in order, at least one"
    ):
        cutoffs(own)


@pytest.mark.parametrize(
    ("files", "what"),
    [
        ("None", "returned None: it must return a dict"),
        ("{'raw/P1/': Path('nowhere')}", "a file .* that is there for each folder"),
        ("{'raw/P1/': Path(__file__)}", "it must return one for each of raw/P1/, test/P1/A/, and for no other"),
    ],
)
def test_files_that_are_not_there_or_not_for_every_folder_are_refused(own: Workload, files: str, what: str) -> None:
    (own.folder / "data.py").write_text(f"from pathlib import Path\ndef seed(*_):\n    return {files}\n")
    with pytest.raises(Terminal, match=what):
        seed(own, MISSING, own.folder, print)

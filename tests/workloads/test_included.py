"""What the workloads share: components include exactly what their code imports, as the SDK uploads it; and what it does."""

import ast
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from steps import uploaded

from tabular_data.holdout import Holdout
from tabular_data.input_error import InputError
from tabular_data.mltable import read_table, write_table
from tasks.content_digest import content_digest
from trained_model import model_folder

WORKLOADS = Path(__file__).parents[2] / "workloads"
INCLUDED = WORKLOADS / "included"
COMPONENTS = sorted(WORKLOADS.glob("*/pipelines/components/*.yaml"))
OURS = {"domain", "blocks", "tasks", "flows", "deployments", "emulator", "workloads"}


def imported(file: Path) -> set[str]:
    """Modules that a file imports, by the names that they have in a job."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level:
            found.add(".".join([*([file.parent.name] if node.level == 1 else []), node.module or ""]))
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def reached(root: Path, module: str) -> set[str]:
    """Top-level packages of an uploaded folder that running a module there comes to."""
    left, seen = [module], set()
    while left:
        name = left.pop()
        file = (root / name.replace(".", "/")).with_suffix(".py")
        if name not in seen and file.is_file():
            seen.add(name)
            left += imported(file)
    return {name.partition(".")[0] for name in seen}


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda file: f"{file.parts[-4]}-{file.stem}")
def test_a_component_includes_what_its_step_needs_and_no_more(component: Path, tmp_path: Path) -> None:
    described: dict[str, Any] = yaml.safe_load(component.read_text())
    included = {Path(one).name for one in described["additional_includes"]}
    code = component.parent / described["code"]
    module = described["command"].split()[2]
    everything = tmp_path / "everything"
    for folder in (code, INCLUDED):
        for package in folder.resolve().iterdir():
            if package.is_dir() and package.name != "__pycache__":
                (everything / package.name).parent.mkdir(exist_ok=True)
                (everything / package.name).symlink_to(package)
    assert reached(everything, module) == {module.partition(".")[0], *included}


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda file: f"{file.parts[-4]}-{file.stem}")
def test_the_sdk_uploads_what_the_tests_run(component: Path, tmp_path: Path) -> None:
    from azure.ai.ml import load_component

    loaded: Any = load_component(component)
    assert loaded._validate().error_messages == {}
    with loaded._generate_additional_includes_obj().merge_local_code_and_additional_includes() as folder:
        merged = content_digest(folder, ignoring="__pycache__")
    assert merged == content_digest(uploaded(component, tmp_path / "code"), ignoring="__pycache__")


def test_what_is_included_knows_nothing_of_this_repository() -> None:
    files = sorted(INCLUDED.rglob("*.py"))
    assert len(files) > 8
    found = {name.partition(".")[0] for file in files for name in imported(file)}
    assert "pandas" in found
    assert found.isdisjoint(OURS)


def test_a_model_folder_has_the_digest_that_the_product_gives_it(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("model.json", "sub/a.bin", "Z"):
        (tmp_path / name).write_text(name)
    assert model_folder.content_digest(tmp_path) == content_digest(tmp_path)


def test_a_table_is_kept_as_parquet_with_an_mltable_file(tmp_path: Path) -> None:
    rows = pd.DataFrame({"timestamp": pd.date_range("2014-01-01", periods=3, tz="UTC"), "power": [1.0, None, 3.0]})
    write_table(rows, tmp_path / "table")
    described = yaml.safe_load((tmp_path / "table" / "MLTable").read_text())
    assert described["paths"] == [{"file": "./data.parquet"}]
    assert described["transformations"] == ["read_parquet"]
    pd.testing.assert_frame_equal(read_table(tmp_path / "table"), rows)


def test_a_folder_that_prepare_did_not_write_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no MLTable and no data\.parquet: pass the folder"):
        read_table(tmp_path)
    (tmp_path / "MLTable").touch()
    with pytest.raises(InputError, match=r"holds no data\.parquet: pass the folder"):
        read_table(tmp_path)


def days(count: int) -> pd.DataFrame:
    """A row at each noon of 2014."""
    return pd.DataFrame({"timestamp": pd.date_range("2014-01-01T12:00", periods=count, tz="UTC")})


def test_the_last_days_are_held_out_and_what_comes_after_the_cutoff_is_in_neither_part() -> None:
    training, holdout, periods = Holdout(date(2014, 1, 20), 5, 10, 5, "rows").part(days(31))
    assert (len(training), len(holdout)) == (15, 5)
    assert holdout.index[0] == 0
    assert periods == {
        "training_from": "2014-01-01T12:00:00Z",
        "training_to": "2014-01-15T12:00:00Z",
        "holdout_from": "2014-01-16T00:00:00Z",
        "holdout_to": "2014-01-21T00:00:00Z",
    }


@pytest.mark.parametrize(
    ("held", "training", "holdout", "message"),
    [
        (0, 1, 1, "holdout_days is 0: at least one day"),
        (
            5,
            16,
            5,
            r"The training period has 15 sales and needs 16 \(cutoff 2014-01-20, hold-out 5 days from 2014-01-16",
        ),
        (5, 15, 6, "The hold-out has 5 sales and needs 6"),
    ],
)
def test_too_little_on_either_side_is_refused(held: int, training: int, holdout: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Holdout(date(2014, 1, 20), held, training, holdout, "sales").part(days(31))

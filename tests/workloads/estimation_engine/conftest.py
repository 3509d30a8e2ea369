"""The real sales, fetched once; a model trained on them by the pipelines' own commands; and the service around it."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from engine_service import EngineService
from steps import run_pipeline

from trained_model.model_folder import LoadedModel, content_digest, load_model
from workloads.estimation_engine.code.sale_price.extract import extract, read_sales
from workloads.estimation_engine.code.sale_price.tables import PREDICTORS
from workloads.estimation_engine.data import fetch
from workloads.estimation_engine.service.estimation.house import House

ROOT = Path(__file__).parents[3]
PIPELINES = ROOT / "workloads" / "estimation_engine" / "pipelines"
CUTOFF = "2010-03-31"


@pytest.fixture(scope="session")
def sales() -> Path:
    """The real sales' CSV, kept in the repository's ignored data folder between runs."""
    return fetch(ROOT / ".signalbox" / "data" / "estimation_engine")


@pytest.fixture(scope="session")
def table(sales: Path) -> pd.DataFrame:
    return read_sales(sales)


@pytest.fixture(scope="session")
def extracted(table: pd.DataFrame) -> pd.DataFrame:
    """All sales, with the names that the training and the service use."""
    return extract(table, "SALEPRICE", date(2010, 12, 31))[0]


@pytest.fixture(scope="session")
def prepared(sales: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    asked = {"raw": sales.parent, "plant": "AMES", "circuit": "SALEPRICE", "cutoff_date": "2010-06-30"}
    return run_pipeline(PIPELINES / "prepare.yaml", asked, tmp_path_factory.mktemp("prepare"))["prepared"]


@pytest.fixture(scope="session")
def trained(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The outputs of the train pipeline, without a champion."""
    asked = {"data": prepared, "cutoff_date": CUTOFF}
    return run_pipeline(PIPELINES / "train.yaml", asked, tmp_path_factory.mktemp("train"))


@pytest.fixture(scope="session")
def digest(trained: dict[str, Path]) -> str:
    return content_digest(trained["model"])


@pytest.fixture(scope="session")
def loaded(trained: dict[str, Path], digest: str) -> LoadedModel:
    return load_model(trained["model"], digest)


@pytest.fixture(scope="session")
def rows(extracted: pd.DataFrame) -> list[dict[str, Any]]:
    """Every real sale as a caller would describe the house."""
    whole = {name: "int64" for name, field in House.model_fields.items() if field.annotation is int}
    records: list[dict[str, Any]] = extracted[list(PREDICTORS)].astype(whole).to_dict("records")
    return records


@pytest.fixture(scope="session")
def service(trained: dict[str, Path], digest: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineService]:
    """A running service, which no test stops."""
    with EngineService(trained["model"], digest, tmp_path_factory.mktemp("service") / "log") as running:
        yield running

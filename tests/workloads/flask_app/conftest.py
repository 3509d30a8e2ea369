"""The real flights, fetched once; a model trained on them by the pipelines' own commands; and the service around it."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from flight_service import FlightService
from steps import run_pipeline

from trained_model.model_folder import content_digest
from workloads.flask_app.code.air_time.extract import read_flights
from workloads.flask_app.data import fetch

ROOT = Path(__file__).parents[3]
PIPELINES = ROOT / "workloads" / "flask_app" / "pipelines"
CUTOFF = "2013-03-31"


@pytest.fixture(scope="session")
def flights() -> Path:
    """The real flights' CSV, kept in the repository's ignored data folder between runs."""
    return fetch(ROOT / ".signalbox" / "data" / "flask_app")


@pytest.fixture(scope="session")
def table(flights: Path) -> pd.DataFrame:
    return read_flights(flights)


@pytest.fixture(scope="session")
def prepared(flights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    asked = {"raw": flights.parent, "plant": "NYC", "circuit": "AIRTIME", "cutoff_date": CUTOFF}
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
def service(trained: dict[str, Path], digest: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlightService]:
    """A running service, which no test stops."""
    with FlightService(trained["model"], digest, tmp_path_factory.mktemp("service") / "log") as running:
        yield running

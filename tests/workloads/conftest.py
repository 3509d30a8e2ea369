"""Readings for the tests of the plants workload: made-up ones by the day, and the real ones, fetched once."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workloads.plants.code.circuit_power.extract import read_scada
from workloads.plants.data import fetch

ROOT = Path(__file__).parents[2]
MakeReadings = Callable[..., pd.DataFrame]


@pytest.fixture(scope="session")
def scada() -> Path:
    """The real readings' CSV, kept in the repository's ignored data folder between runs."""
    return fetch(ROOT / ".signalbox" / "data" / "plants")


@pytest.fixture(scope="session")
def readings(scada: Path) -> pd.DataFrame:
    return read_scada(scada)


@pytest.fixture(scope="session")
def make_readings() -> MakeReadings:
    """Return a function that makes `days` of two circuits' readings in the source's own columns."""

    def make(days: int = 60, start: str = "2014-01-01", circuits: tuple[str, ...] = ("C1", "C2")) -> pd.DataFrame:
        rng = np.random.default_rng(7)
        times = pd.date_range(start, periods=days * 144, freq="10min", tz="UTC").tz_convert("Europe/Paris")
        frames = []
        for circuit in circuits:
            wind = 6 + 2.5 * np.sin(np.arange(len(times)) / 200) + rng.normal(0, 0.5, len(times)).round(2)
            frames.append(
                pd.DataFrame(
                    {
                        "Wind_turbine_name": circuit,
                        "Date_time": [time.isoformat() for time in times],
                        "Ba_avg": -1.0,
                        "P_avg": np.clip(2.5 * wind**3, 0, 2050) + rng.normal(0, 5, len(times)),
                        "Ws_avg": wind,
                        "Va_avg": rng.normal(0, 5, len(times)),
                        "Ot_avg": 12.0,
                        "Ya_avg": rng.uniform(0, 360, len(times)),
                        "Wa_avg": rng.uniform(0, 360, len(times)),
                    }
                )
            )
        made = pd.concat(frames, ignore_index=True).astype("str")
        return made.set_index(pd.RangeIndex(2, len(made) + 2, name="line"))  # as they are read from a file

    return make

"""Fixtures of whoever tests on twins: a house of the test's own, and a workload in it."""

from pathlib import Path

import pytest
from twins import TinyTwin, Twins


@pytest.fixture
def twins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Twins:
    """A house of the test's own, empty."""
    made = Twins()
    made.install(monkeypatch, tmp_path)
    return made


@pytest.fixture
def tiny(twins: Twins, tmp_path: Path) -> TinyTwin:
    """A workload of two circuits in it, declared well and with its test data."""
    made = TinyTwin("tiny", tmp_path / "tiny", twins=twins)
    made.declare()
    made.give_test_data()
    return made

"""A small number of random histories, and proof that the machine finds a gate that does not hold."""

import fuzz
import pytest
from honest_history import honest_points


@pytest.fixture(scope="session", autouse=True)
def honest_histories() -> None:
    """Made before anything is planted, for they are kept."""
    for circuits in (2, 3):
        for by_tokens in (False, True):
            honest_points(circuits, by_tokens)


def test_no_history_switches_what_nobody_approved() -> None:
    report = fuzz.play(100, number=1)
    assert report.counterexamples == []
    assert report.unapproved == 0
    assert report.seen[fuzz.NEEDED] > 5
    assert report.seen["switch production after tampering"] > 0


def test_nothing_is_shown_where_nothing_switches(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fuzz.play", lambda histories, _: fuzz.Report(histories=histories))
    monkeypatch.setattr("fuzz.batches", lambda histories, *_: [fuzz.Report(histories=histories)])
    assert fuzz.main(["--histories", "20"]) == 1
    assert "nothing was ever switched" in capsys.readouterr().out

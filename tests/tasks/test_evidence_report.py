"""The evidence report: what is in it, that it is safe to open, and how a real browser shows it."""

import shutil
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import sync_playwright

from domain.changed_circuits import ChangedCircuit
from domain.declaration import load_workload
from domain.fact import Fact, Kind
from domain.release import Release
from tasks.evidence_report import MOST_PLOTS, evidence_report

NASTY = "<script>alert(1)</script><img src=https://example.org/x>"
WORKLOAD = load_workload(Path(__file__).parents[2] / "workloads" / "plants" / "workload.yaml")
STAGE = WORKLOAD.stage("production")
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def circuit(number: int, gain: float) -> ChangedCircuit:
    return ChangedCircuit(
        plant_id="P",
        circuit_id=f"C{number}",
        model_name=f"p-c{number}",
        model_version="2",
        model_digest="sha256:" + "1" * 64,
        data_asset=f"P_C{number}:2014-06-30",
        cutoff_date=date(2014, 6, 30),
        data_report_digest="sha256:" + "2" * 64,
        training_job=f"train-{number}",
        metrics={"rmse": 50.0 - gain},
        champion_version="1",
        champion_metrics={"rmse": 50.0},
    )


def predictions(seed: int) -> pd.DataFrame:
    """Four weeks of ten-minute rows, the champion a little worse than the candidate."""
    random = np.random.default_rng(seed)
    times = pd.date_range("2014-06-03", periods=28 * 144, freq="10min", tz="UTC")
    measured = 800 + 600 * np.sin(np.arange(len(times)) / 200)
    return pd.DataFrame(
        {
            "timestamp": times.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "active_power": measured,
            "candidate": measured + random.normal(0, 40, len(times)),
            "champion": measured + random.normal(5, 50, len(times)),
        }
    )


def report(
    circuits: int = 2, frames: Mapping[str, pd.DataFrame | str] | None = None, comment: str = "fine", by: str = "linus"
) -> str:
    release = Release(
        workload="plants",
        name="20260102.1",
        created_at=NOW,
        requested_by=by,
        build_id="7",
        code_commit="c" * 40,
        units=tuple(circuit(number, float(number)) for number in range(circuits)),
    )
    checks = [{"unit": "P/C0", "name": "Errors in logs", "passed": False, "warning": False, "detail": comment}]
    facts = [
        Fact.after(None, workload="plants", release=release.name, kind=kind, at=NOW, body=body)
        for kind, body in (
            (Kind.VERIFIED, {"stage": "test", "passed": True, "checks": checks}),
            (Kind.DECIDED, {"statement": {"choice": "approve", "gate": "G", "approver": "ada", "comment": comment}}),
        )
    ]
    assert STAGE.gate is not None
    given = frames if frames is not None else {"P/C0": predictions(0), "P/C1": predictions(1)}
    rows = (("expect_column_values_to_be_unique(timestamp)", "NOT MET", "unexpected rows: 3"),)
    return evidence_report(
        release, STAGE, STAGE.gate, WORKLOAD.evaluation, {"P/C0": "version 1"}, facts, given, {"P/C0": rows}
    )


def test_it_says_what_changes_how_it_was_judged_and_where_it_comes_from() -> None:
    page = report()
    for text in (
        "version 1", "version 2", "49", "50", "train-1", "P_C1:2014-06-30", "0 of 1 expectations met", "NOT MET",
        "Errors in logs", "FAILED", "no data report is kept", "1 of ml-engineers", "cutoff_date is correct",
    ):  # fmt: skip
        assert text in page, text
    assert page.count("<svg") == 3
    assert "P/C0: daily error through the held-out days" in page


def test_equal_content_has_equal_bytes() -> None:
    assert report() == report()


def test_what_people_wrote_is_text(tmp_path: Path) -> None:
    page = report(comment=NASTY, by=NASTY, frames={"P/C0": NASTY})
    assert "<script" not in page
    assert "<img" not in page
    assert page.count("&lt;script&gt;") >= 4
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page


def test_a_circuit_without_predictions_has_the_reason_in_place_of_the_plot() -> None:
    page = report(frames={"P/C0": "training job train-0 is gone"})
    assert "No plot: training job train-0 is gone." in page
    assert page.count("<svg") == 1


def test_a_thousand_circuits_are_all_listed_and_the_worst_plotted() -> None:
    frame = predictions(0)
    page = report(1000, {f"P/C{number}": frame for number in range(1000)})
    assert page.count("<svg") == 1 + MOST_PLOTS
    assert f"{1000 - MOST_PLOTS} more are in the tables only" in page
    assert "P/C999" in page
    assert len(page) < 3_000_000


def test_a_browser_shows_every_plot_and_asks_nobody_for_anything(tmp_path: Path) -> None:
    program = shutil.which("chromium")
    if program is None:
        pytest.fail("chromium is not installed; `make setup` says how")
    file = tmp_path / "report.html"
    file.write_text(report())
    asked: list[str] = []
    said: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.goto(file.as_uri())
        plots = [plot.bounding_box() for plot in page.locator("svg").all()]
        too_wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        heading = page.locator("h1").inner_text()
        browser.close()
    assert heading == "Production-Approval: release 20260102.1 of plants to production"
    assert len(plots) == 3
    assert all(box is not None and box["width"] > 600 and box["height"] > 80 for box in plots)
    assert not too_wide
    assert asked == [file.as_uri()]
    assert said == []

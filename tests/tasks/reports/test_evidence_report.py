"""The evidence report: what is in it, and that nothing anybody wrote can be more than text or keep it from being made;
and how a real browser shows it."""

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Browser, sync_playwright

from domain.candidate.changed_circuits import ChangedCircuit
from domain.candidate.evaluation import Evaluation
from domain.declaration.load import load_workload
from domain.ledger.fact import Fact, Kind
from domain.release.manifest import Release
from domain.rollout.champion import Champion
from tasks.reports.approval_form import MOST_CHECKS, gate_evidence
from tasks.reports.evidence_report import MOST_PLOTS, evidence_report

NASTY = "<script>alert(1)</script><img src=https://example.org/x>"
WORKLOAD = load_workload(Path(__file__).parents[3] / "workloads" / "plants" / "workload.yaml")
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


def fact(kind: Kind, **body: Any) -> Fact:
    return Fact.after(None, workload="plants", release="20260102.1", kind=kind, at=NOW, body=body)


def facts(comment: str = "fine") -> list[Fact]:
    """One failed check at the test stage, and one decision."""
    check = {"unit": "P/C0", "name": "Errors in logs", "passed": False, "warning": False, "detail": comment}
    statement = {"choice": "approve", "gate": "Registry-Approval", "approver": "ada", "comment": comment}
    passed = check | {"name": "Job status", "passed": True}
    return [
        fact(Kind.VERIFIED, stage="registry", passed=True),
        fact(Kind.VERIFIED, stage="test", passed=True, checks=[passed, check]),
        fact(Kind.DECIDED, statement=statement),
    ]


def report(
    circuits: int = 2,
    frames: Mapping[str, pd.DataFrame | str] | None = None,
    known: Sequence[Fact] | None = None,
    rows: tuple[tuple[str, str, str], ...] = (("expect_column_values_to_be_unique(time)", "NOT MET", "3 rows"),),
    **given: Any,
) -> str:
    """given: the release's fields, or stage, gate, evaluation and what is there."""
    there = given.pop("there", {"P/C0": Champion("version 1 (deployment-3)", "1")})
    stage = given.pop("stage", STAGE)
    gate, evaluation = given.pop("gate", stage.gate), given.pop("evaluation", WORKLOAD.evaluation)
    fields = {
        "workload": "plants",
        "name": "20260102.1",
        "created_at": NOW,
        "requested_by": "linus",
        "build_id": "7",
        "code_commit": "c" * 40,
        "units": tuple(circuit(number, float(number)) for number in range(circuits)),
    }
    drawn = frames if frames is not None else {"P/C0": predictions(0), "P/C1": predictions(1)}
    return evidence_report(
        Release(**fields | given),
        stage,
        gate,
        evaluation,
        there,
        facts() if known is None else known,
        drawn,
        {"P/C0": rows},
    )


def text_of(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_a_rollback_that_is_blocked_is_said_with_its_reason_and_only_then(page: str) -> None:
    assert "No rollback" not in page
    text = text_of(report(there={"P/C0": Champion("version 1 (deployment-3)", "1", fault="deployment-3 is Failed")}))
    assert "No rollback for 1 of 2 circuits" in text
    assert "P/C0 deployment-3 is Failed" in text


def test_circuits_that_failed_on_the_way_are_named_and_do_not_change(page: str) -> None:
    assert "failed on the way" not in page
    last = facts()[-1]
    body = {"stage": "test", "units": {"P/C1": "Job status: Failed"}}
    gone = Fact.after(last, workload=last.workload, release=last.release, kind=Kind.DROPPED, at=NOW, body=body)
    text = text_of(report(known=[*facts(), gone]))
    assert "1 of 2 circuits failed on the way and do not change" in text
    assert "P/C1 test: Job status: Failed" in text
    assert "version 2 of p-c0" in text
    assert "version 2 of p-c1" not in text


@pytest.fixture(scope="module")
def page() -> str:
    return report()


def test_it_says_who_asks_what_changes_how_it_was_judged_and_where_it_comes_from(page: str) -> None:
    text = unescape(re.sub(r"<[^>]+>", " ", re.sub(r"<(svg|style).*?</\1>", "", page, flags=re.DOTALL)))
    lines = {" ".join(line.split()) for line in text.splitlines()}
    for line in (
        "Production-Approval: release 20260102.1 of plants to production",
        "requested by linus, 2026-01-02 00:00 UTC",
        "who must approve 1 of ml-engineers",
        "P/C0 version 1 (deployment-3) version 2 of p-c0",
        "P/C1 nothing version 2 of p-c1",
        "P/C1 49 50 version 1 1 (2.0%)",
        "P/C0: 0 of 1 expectations met",
        "P/C1: no data report is kept",
        "expect_column_values_to_be_unique(time) NOT MET 3 rows",
        "At test: 1 of 2 checks passed",
        "P/C0 Errors in logs FAILED fine",
        "Verify cutoff_date is correct",
        "2026-01-02 00:00 UTC Registry-Approval ada approve fine",
    ):
        assert line in lines, line
    chain = [
        text.rindex(one) for one in ("P_C1:2014-06-30", "train-1", "p-c1:2", "sha256:" + "1" * 64, "20260102.1 release")
    ]
    assert chain == sorted(chain)
    assert page.count("<svg") == 3
    assert "P/C0: error of each day through the held-out period" in page


def test_what_did_not_pass_stands_first(page: str) -> None:
    assert page.index("Errors in logs") < page.index("Job status")


def test_equal_content_has_equal_bytes(page: str) -> None:
    assert report() == page
    assert report(build_id="8") != page


def test_ids_are_unique_in_the_page(page: str) -> None:
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_what_people_wrote_is_text() -> None:
    assert STAGE.gate is not None
    gate = STAGE.gate.model_copy(update={"name": NASTY, "instructions": NASTY, "checklist": (NASTY,)})
    unit = circuit(0, 1).model_copy(
        update=dict.fromkeys(("model_name", "data_asset", "training_job", "data_publisher"), NASTY)
        | {"metrics": {NASTY: 1.0}, "champion_metrics": {NASTY: 2.0}}
    )
    frame = predictions(0).rename(columns={"active_power": NASTY})
    page = report(
        frames={"P/C0": frame, "P/C1": NASTY},
        known=facts(NASTY),
        rows=((NASTY, NASTY, NASTY),),
        units=(unit, circuit(1, 1)),
        gate=gate,
        evaluation=Evaluation(metric=NASTY, direction="maximize"),
        requested_by=NASTY,
        code_author=NASTY,
        code_commit=NASTY,
        build_id=NASTY,
    )
    assert "<script" not in page
    assert "<img" not in page
    assert page.count("&lt;script&gt;") > 20
    assert page.count("<svg") == 2
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert f'<meta http-equiv="Content-Security-Policy" content="{policy}">' in page


@pytest.mark.parametrize(
    ("found", "why"),
    [
        ("training job train-0 is gone.", "No plot: training job train-0 is gone."),
        (pd.DataFrame({"timestamp": ["2014-01-01"]}), "No plot: the predictions need the columns"),
        (predictions(0).assign(candidate=None), "No plot: none of the 4032 predicted rows"),
    ],
)
def test_a_circuit_without_predictions_has_the_reason_in_place_of_the_plot(found: pd.DataFrame | str, why: str) -> None:
    page = report(frames={"P/C0": found})
    assert why in page
    assert "No plot: no predictions were fetched." in page
    assert page.count("<svg") == 1


def test_rows_that_could_not_be_drawn_are_counted() -> None:
    gappy = predictions(0)
    gappy.loc[:9, "active_power"] = None
    assert "10 rows without a time or a finite number are left out" in report(frames={"P/C0": gappy})


@pytest.mark.parametrize(
    "known",
    [
        [fact(Kind.DECIDED), fact(Kind.DECIDED, statement="approve"), fact(Kind.DECIDED, statement={"choice": 1})],
        [fact(Kind.VERIFIED, checks=[{}, "passed", {"passed": "yes", "unit": None}])],
    ],
)
def test_facts_of_another_shape_are_no_end_of_the_gate(known: list[Fact]) -> None:
    assert "FAILED" in (page := report(frames={}, known=known)) or "no comment" in page


def test_metrics_that_no_axis_can_show_are_listed() -> None:
    units = tuple(circuit(n, 0).model_copy(update={"metrics": {"rmse": v}}) for n, v in enumerate((1.7e308, 5e-324)))
    page = report(frames={}, units=(*units, circuit(3, 0).model_copy(update={"metrics": {}, "champion_metrics": None})))
    assert "1.7e+308" in page
    assert page.count("<svg") == 1


def test_a_thousand_circuits_are_all_listed_and_the_worst_plotted() -> None:
    frame = predictions(0)
    page = report(1000, {f"P/C{number}": frame for number in range(1000)})
    assert page.count("<svg") == 2 + MOST_PLOTS
    assert f"{1000 - MOST_PLOTS} more are in the tables only" in page
    assert f"P/C{MOST_PLOTS - 1}: error of" in page
    assert f"P/C{MOST_PLOTS}: error of" not in page
    assert all(page.count(f">P/C{number}<") >= 3 for number in range(1000))
    assert len(page) < 3_000_000


TOO_WIDE = """() => [...document.querySelectorAll("main *")]
    .filter(one => !one.closest("svg") || one.tagName == "svg")
    .filter(one => one.getBoundingClientRect().right > document.querySelector("main").getBoundingClientRect().right + 1)
    .map(one => one.outerHTML.slice(0, 200))"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        pytest.fail("chromium is not installed; `make setup` says how")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.mark.browser
@pytest.mark.parametrize(
    ("given", "plots"),
    [
        ({}, 3),
        ({"known": facts(NASTY), "requested_by": NASTY, "frames": {"P/C0": "w" * 3000}}, 1),
        ({"circuits": 40, "frames": {}, "build_id": "b" * 3000, "known": facts("w" * 3000)}, 2),
    ],
    ids=["usual", "nasty", "many circuits, long words"],
)
def test_a_browser_shows_every_plot_in_the_page_and_asks_nobody_for_anything(
    given: dict[str, Any], plots: int, chromium: Browser, tmp_path: Path
) -> None:
    file = tmp_path / "report.html"
    file.write_text(report(**given))
    asked: list[str] = []
    said: list[str] = []
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(file.as_uri())
    assert page.locator("h1").inner_text() == "Production-Approval: release 20260102.1 of plants to production"
    boxes = [plot.bounding_box() for plot in page.locator("svg").all()]
    assert len(boxes) == plots
    assert all(box is not None and box["width"] > 900 and box["height"] > 90 for box in boxes)
    assert page.get_by_role("img").count() == plots  # each with its title as its name
    assert page.evaluate("document.documentElement.scrollWidth") == 1280
    assert page.evaluate(TOO_WIDE) == []
    assert asked == [file.as_uri()]
    assert said == []
    page.close()


@pytest.mark.parametrize(
    ("checks", "failed", "told"),
    [
        (MOST_CHECKS, 0, None),
        (MOST_CHECKS + 8, 0, "8 more are in the report: all passed"),
        (MOST_CHECKS + 8, 1, "8 more are in the report: all passed"),  # what failed is shown first
        (MOST_CHECKS + 8, MOST_CHECKS + 2, "8 more are in the report: 2 did not pass"),
    ],
)
def test_checks_that_are_not_shown_are_counted(checks: int, failed: int, told: str | None) -> None:
    made = [
        {"unit": "P/C0", "name": f"check {at}", "passed": at >= failed, "warning": False, "detail": ""}
        for at in range(checks)
    ]
    release = Release(
        workload="plants",
        name="20260102.1",
        created_at=NOW,
        requested_by="linus",
        build_id="b",
        code_commit="c",
        units=(circuit(0, 1.0),),
    )
    assert STAGE.gate is not None
    verified = [fact(Kind.VERIFIED, stage="test", passed=True, checks=made)]
    form = gate_evidence(release, STAGE, STAGE.gate, WORKLOAD.evaluation, {}, verified)
    assert f"{checks - failed} of {checks} checks passed" in form
    assert ("more are in the report" in form) == (told is not None)
    assert told is None or told in form

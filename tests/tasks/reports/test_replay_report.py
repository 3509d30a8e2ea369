"""The replay's report, table and fact: what is in them, the worst first, bounded for a thousand circuits, and only text."""

import re
import xml.etree.ElementTree as ET
from array import array
from datetime import UTC, date, datetime
from html import escape, unescape
from pathlib import Path
from typing import Any

import pytest

from domain.candidate.changed_circuits import ChangedCircuit
from domain.canonical_json import canonical_json
from domain.declaration.load import load_workload
from domain.release.manifest import Release
from domain.unit import Unit
from domain.verification.golden_answers import Golden, GoldenAnswers
from domain.verification.prediction_shift import Answers, paired, shift_of, spaced
from domain.verification.replay import Replay, ReplayEvidence, ReplayResult
from tasks.ledger.stored_facts import MAX_FACT_BYTES
from tasks.reports.replay_plots import shift_plot
from tasks.reports.replay_report import (
    MOST_PLOTS,
    MOST_REASON,
    MOST_ROWS,
    artifact_rows,
    fact_units,
    replay_report,
    worst_first,
)
from tasks.verification.replay import MOST_POINTS, Points, Replayed
from tasks.verification.scored_rows import read_answers

NASTY = "<script>alert(1)</script><img src=https://example.org/x>"
STAGE = load_workload(Path(__file__).parents[3] / "workloads" / "plants" / "workload.yaml").stage("production")
ROWS = {(f"r{number:04}",): float(number) for number in range(600)}


def declared(**given: Any) -> Replay:
    """What production of the plants declares, with other keys where they are given."""
    assert STAGE.replay is not None
    return STAGE.replay.model_copy(update=given)


RELEASE = Release(
    workload="plants",
    name="20260102.1",
    created_at=datetime(2026, 1, 2, tzinfo=UTC),
    requested_by="linus",
    build_id="7",
    code_commit="c" * 40,
    units=(
        ChangedCircuit(
            plant_id="P",
            circuit_id="C1",
            model_name="p-c1",
            model_version="2",
            model_digest="sha256:" + "1" * 64,
            data_asset="P_C1:2014-06-30",
            cutoff_date=date(2014, 6, 30),
            data_report_digest="sha256:" + "2" * 64,
            training_job="train",
            metrics={"rmse": 1.0},
        ),
    ),
)


def points(ours: Answers, theirs: Answers) -> Points:
    drawn = spaced(paired(ours, theirs), MOST_POINTS)
    return Points(array("d", [one for one, _ in drawn]), array("d", [other for _, other in drawn]))


def circuit(number: int, by: float = 0.0, **given: Any) -> Replayed:
    """A circuit whose rows all move by this much; fields of the evidence can be given."""
    ours = {key: value + by for key, value in ROWS.items()}
    seen = {"shift": shift_of(ours, ROWS, 0.25)} | given
    evidence = ReplayEvidence(
        **{"unit": Unit(plant="P", circuit=f"C{number}"), "candidate": "new", "champion": "old"} | seen
    )
    return Replayed(evidence, points(ours, ROWS) if evidence.shift else Points(array("d"), array("d")))


def page_of(*circuits: Replayed, **given: Any) -> str:
    limits = declared(**given)
    return replay_report(RELEASE, STAGE, limits, worst_first(limits, circuits))


def lines_of(page: str) -> set[str]:
    text = unescape(re.sub(r"<[^>]+>", " ", re.sub(r"<(svg|style).*?</\1>", "", page, flags=re.DOTALL)))
    return {" ".join(line.split()) for line in text.splitlines()}


def test_the_page_says_what_did_not_pass_why_and_how_far_everything_moved() -> None:
    golden = GoldenAnswers(rows=4, misses=0, largest=0.1, examples=())
    page = page_of(
        circuit(1, golden=golden),
        circuit(2, 540),
        circuit(3, 54),
        circuit(4, shift=None, fault="job j ended Failed."),
        circuit(5, champion=None, shift=None),
    )
    lines = lines_of(page)
    for line in (
        "FAILED: release 20260102.1 of plants at production",
        "failed 2 of 5 circuits",
        "inconclusive 1 of 5 circuits",
        "passed 2 of 5 circuits",
        "prediction predicted_power; rows are told apart by plant, circuit, timestamp",
        "absolute mean shift, in spreads 0.03 0.15",
        "share of rows that moved by more than 0.25 spreads 0.02 0.2",
        "P/C4 FAILED Candidate: new gave no answers: job j ended Failed.",
        "P/C3 INCONCLUSIVE Mean shift: 54 is 0.1 of the champion's spread 540; passes up to 0.03, fails above 0.15",
        "P/C1 PASSED old 600 0 0 0 0 540 0.00 % 0 of 4",
        "P/C2 FAILED old 600 540 540 540 540 540 100.00 % none",
        "P/C5 PASSED none not compared none",
    ):
        assert line in lines, (line, lines)
    assert page.count("<svg") == 3
    drawn = [page.index(f"{name}: candidate against champion") for name in ("P/C2", "P/C3", "P/C1")]
    assert drawn == sorted(drawn)


def test_equal_content_has_equal_bytes_and_ids_are_unique() -> None:
    page = page_of(circuit(1, 3), circuit(2, 540))
    assert page == page_of(circuit(2, 540), circuit(1, 3))
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_what_people_and_jobs_wrote_is_text() -> None:
    golden = GoldenAnswers(rows=1, misses=1, largest=1, examples=(NASTY,))
    page = page_of(
        circuit(1, golden=golden, candidate=NASTY, champion=NASTY),
        circuit(2, shift=None, fault=NASTY, champion_fault=NASTY),
        circuit(3, 540),
        prediction=NASTY,
        columns=(NASTY, "name"),
        data=NASTY,
        golden=Golden(
            data="azureml://datastores/s/paths/g/", expected="azureml://datastores/s/paths/e", tolerance={"P/C1": 1}
        ),
    )
    assert "<script" not in page
    assert "<img" not in page
    assert page.count("&lt;script&gt;") > 6
    assert f"1 missed, 1 expected: {escape(NASTY)}" in page
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert f'<meta http-equiv="Content-Security-Policy" content="{policy}">' in page
    assert re.findall(r'(?:src|href)="(?!#)[^"]*"', page) == []


def test_a_thousand_circuits_are_all_listed_the_worst_plotted_and_their_fact_fits_the_ledger() -> None:
    known = circuit(0, 540), circuit(0, 54), circuit(0), circuit(0, shift=None, fault="w" * 5000)
    many = [
        Replayed(one.evidence.model_copy(update={"unit": Unit(plant="P", circuit=f"C{number}")}), one.points)
        for number in range(1000)
        for one in (known[number % 4],)
    ]
    judged = worst_first(declared(), many)
    page = replay_report(RELEASE, STAGE, declared(), judged)
    assert page.count("<svg") == MOST_PLOTS
    assert f"Plotted are the {MOST_PLOTS} worst circuits; {750 - MOST_PLOTS} more are in the table only." in page
    assert all(f">P/C{number}</td>" in page for number in range(1000))
    assert "P/C0: candidate against champion" in page
    rows = artifact_rows(judged)
    assert len(rows) == MOST_ROWS
    assert [row["detail"] for row in rows[:3]] == [f"{count} of 1000 circuits" for count in (500, 250, 250)]
    assert {row["verdict"] for row in rows[3:-1]} == {"FAILED"}
    assert rows[-1]["detail"] == f"{750 - (MOST_ROWS - 4)} more did not pass; the report has every one"
    assert all(len(row["detail"]) <= MOST_REASON for row in rows)
    assert len(canonical_json({"units": fact_units(judged)})) < MAX_FACT_BYTES / 2


@pytest.mark.parametrize(("exceptions", "told"), [(MOST_ROWS - 3, 0), (MOST_ROWS - 2, 2)])
def test_the_table_has_every_exception_as_long_as_there_is_room(exceptions: int, told: int) -> None:
    rows = artifact_rows(worst_first(declared(), [circuit(number, 540) for number in range(exceptions)]))
    assert len(rows) == MOST_ROWS
    assert ("more did not pass" in rows[-1]["detail"]) == bool(told)
    assert not told or rows[-1]["detail"].startswith(f"{told} more")


def test_in_each_verdict_the_largest_shift_stands_first() -> None:
    judged = worst_first(declared(), [circuit(1), circuit(2, 54), circuit(3, 1), circuit(4, 400), circuit(5, 540)])
    assert [one.circuit for one in judged] == ["P/C5", "P/C4", "P/C2", "P/C3", "P/C1"]
    assert [one.verdict.verdict for one in judged][1:3] == [ReplayResult.FAILED, ReplayResult.INCONCLUSIVE]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (ROWS, ROWS),
        ({("a",): 5.0}, {("a",): 5.0}),
        ({("a",): 0.0}, {("a",): 0.0}),
        ({("a",): 1e100, ("b",): -1e100}, {("a",): -1e100, ("b",): 1e100}),
        ({("a",): 1e-300, ("b",): 0.0}, {("a",): 0.0, ("b",): 0.0}),
    ],
    ids=["the same", "one row", "zero", "huge", "tiny"],
)
def test_whatever_can_be_compared_can_be_drawn(ours: Answers, theirs: Answers) -> None:
    drawn = ET.fromstring(shift_plot(f"P/{NASTY}", points(ours, theirs), "$x{" + NASTY, "plot1"))  # noqa: S314  # our own
    assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
    assert NASTY in (drawn[0].text or "")


def test_more_rows_than_can_be_drawn_are_sampled_and_it_is_said() -> None:
    theirs = {(str(number),): float(number) for number in range(5000)}
    ours = {key: value + (1e4 if key == ("77",) else 0) for key, value in theirs.items()}
    drawn = points(ours, theirs)
    assert len(drawn.champion) == len(drawn.candidate) == MOST_POINTS
    assert drawn.candidate[-1] - drawn.champion[-1] == 1e4
    seen = ReplayEvidence(
        unit=Unit(plant="P", circuit="C1"), candidate="new", champion="old", shift=shift_of(ours, theirs, 0.25)
    )
    said = "2000 of 5000 rows are drawn, evenly through the order of their shifts, both ends among them."
    assert said in lines_of(page_of(Replayed(seen, drawn)))


@pytest.mark.parametrize(
    ("lines", "rows", "repeated", "fault"),
    [
        ([["a", "t", "1.5"]], {("a", "t"): 1.5}, 0, ""),
        ([["a", "t", "1"], ["a", "t", "2"]], {("a", "t"): 2.0}, 1, ""),
        ([], {}, 0, "predictions.csv has no rows"),
        ([["a", "t", "1"], ["a", "t"]], {}, 0, "a row of predictions.csv has 2 columns and 3 are declared: name, time, value"),
    ],
)  # fmt: skip
def test_rows_are_read_by_their_columns(
    lines: list[list[str]], rows: dict[tuple[str, ...], float], repeated: int, fault: str
) -> None:
    found = read_answers(lines, declared(columns=("name", "time", "value"), prediction="value"), "predictions.csv")
    assert (found.rows, found.repeated, found.fault) == (rows, repeated, fault)


@pytest.mark.parametrize("text", ["", "abc", "nan", "inf", "-1e101"])
def test_what_is_no_number_is_kept_as_unusable(text: str) -> None:
    from domain.verification.prediction_shift import usable

    found = read_answers([["a", text]], declared(columns=("name", "value"), prediction="value"), "x")
    assert not usable(found.rows[("a",)])

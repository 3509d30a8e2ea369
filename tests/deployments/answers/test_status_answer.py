"""What `signalbox status` and `signalbox doctor` answer, of data: counts and what needs somebody first, however large the fleet."""

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pydantic_core import to_jsonable_python

from deployments.answers.answer import CommandAnswer
from deployments.answers.doctor import doctor_answer
from deployments.answers.status import status_answer
from deployments.screen import Screen
from domain.outcome import Outcome
from domain.promotion.release_state import ReleaseState, WaitingGate, quarantined
from domain.rollout.diagnosis import Finding, serving_finding
from domain.rollout.served import Served, StageServed

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
GATE = WaitingGate("production", "Production-Approval", ("1 more of ml-engineers must approve",), NOON)
CIRCUITS = tuple(f"PLANT{number // 100:03}/CIRCUIT{number:04}" for number in range(1000))


def served(circuit: str, release: str = "20260101.1") -> Served:
    deployment = f"deployment-{release.replace('.', '-')}"
    return Served(circuit, deployment, "Succeeded", "m", "7", release, "2025-12-31", "2026-01-01T08:00:00Z")


def state(release: str, outcome: Outcome | None = Outcome.SUCCEEDED, **given: object) -> ReleaseState:
    told = {"stage": "production", "at": NOON, "last_fact": "ended", "circuits": ("P/A", "P/B")} | given
    return ReleaseState(release, outcome=outcome, serves=outcome is Outcome.SUCCEEDED and not given, **told)  # type: ignore[arg-type]


def shown(answer: CommandAnswer, width: int = 120, terminal: bool = True) -> str:
    file = io.StringIO()
    screen = Screen(file=file, width=width, force_terminal=terminal, color_system=None)
    for part in answer.shown:
        screen.print(part)
    return file.getvalue()


def needs(states: Sequence[ReleaseState]) -> list[tuple[str, str]]:
    found = status_answer("plants", [], states).document["needs_somebody"]
    assert isinstance(found, list)
    return [(one["what"], one["why"]) for one in found]


def fleet() -> list[StageServed]:
    """A thousand circuits at two stages; three serve nothing, and one deployment failed."""
    production = [
        served(name, "20260101.1" if at % 3 else f"202512{at % 28 + 1:02}.1") for at, name in enumerate(CIRCUITS)
    ]
    for at in (17, 400, 999):
        production[at] = Served(CIRCUITS[at])
    ill = served(CIRCUITS[5])
    production[5] = Served(ill.circuit, ill.deployment, "Failed", ill.model, ill.version, ill.release)
    return [StageServed("test", tuple(map(served, CIRCUITS))), StageServed("production", tuple(production))]


def test_it_begins_with_counts_and_then_with_what_needs_somebody() -> None:
    answer = status_answer("plants", fleet(), [state("20260102.1", None, waits=GATE), state("20260101.1")])
    lines = shown(answer).splitlines()
    assert lines[0].startswith(
        "plants: 1000 circuits at 2 stages that can serve; nothing serves 3 of 2000; releases that wait at a gate: 1;"
    )
    assert "needs somebody" in lines[lines.index("") + 1]
    text = " ".join(shown(answer, 200).split())
    assert "waits at Production-Approval of stage production until 2026-01-02T12:00:00Z: " in text
    assert "1 more of ml-engineers must approve" in text


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_a_thousand_circuits_stay_readable_and_no_name_is_broken(width: int) -> None:
    text = shown(status_answer("plants", fleet(), [state("20260101.1")]), width)
    assert len(text.splitlines()) < 90
    for at in (5, 17, 400, 999):
        assert CIRCUITS[at] in text
    assert CIRCUITS[18] not in text
    assert "1996 more rows not listed" in " ".join(text.split())


def test_a_gate_that_nobody_decided_in_time_is_not_offered_for_a_decision() -> None:
    text = " ".join(
        shown(
            status_answer("plants", fleet(), [state("20260102.1", None, waits=replace(GATE, overdue=True))]), 200
        ).split()
    )
    assert "nobody decided at Production-Approval of stage production before 2026-01-02T12:00:00Z: " in text
    assert "prefect deployment run expire/expire" in text
    assert "signalbox approve" not in text


def test_all_of_them_are_listed_when_asked_for_and_in_json() -> None:
    every = status_answer("plants", fleet(), [], every=True)
    rows = [line.split("\t") for line in shown(every, terminal=False).splitlines()]
    assert sum(row[0] in {"test", "production"} and len(row) == 6 for row in rows) == 2000
    document = json.loads(json.dumps(to_jsonable_python(status_answer("plants", fleet(), []).document)))
    assert len(document["circuits"]) == 2000
    assert document["stages"][1]["serving_nothing"] == 3
    nothing = [one["circuit"] for one in document["circuits"] if one["deployment"] is None]
    assert nothing == [CIRCUITS[17], CIRCUITS[400], CIRCUITS[999]]


def test_a_few_circuits_are_all_listed() -> None:
    stages = [StageServed("production", (served("P/A"), Served("P/B")))]
    text = shown(status_answer("plants", stages, []))
    assert "P/A" in text
    assert "nothing serves" in text
    assert "more row" not in text


def test_a_stage_that_cannot_be_read_hides_no_other() -> None:
    stages = [StageServed("test", (served("P/A"),)), StageServed("production", fault="the cluster does not answer")]
    text = shown(status_answer("plants", stages, []))
    assert "P/A" in text
    assert "stage production" in text
    assert "cannot be read: the cluster does not answer" in " ".join(
        shown(status_answer("plants", stages, []), 200).split()
    )


def test_what_was_rolled_back_is_held_or_failed_is_named_until_a_later_release_serves_its_circuits() -> None:
    held = state("20260102.1", rolled_back=("production",), held="production: it hums")
    failed = state("20260102.2", Outcome.FAILED, reason="test: P/A: no output")
    assert needs([failed, held]) == [
        ("release 20260102.2", "FAILED: test: P/A: no output"),
        ("release 20260102.1", "SUCCEEDED, rolled back at production, held: production: it hums"),
    ]
    assert needs([state("20260103.1"), failed, held]) == []
    other = ReleaseState("20260103.1", outcome=Outcome.SUCCEEDED, circuits=("P/A",), serves=True)
    assert len(needs([other, failed, held])) == 2
    assert needs([state("20260104.1", rolled_back=("production",), unheld=True)]) == []


def test_status_shows_releases_that_are_rolled_back_or_held() -> None:
    held = state("20251202.1", rolled_back=("production",), held="production: it hums")
    states = [*(state(f"202601{day:02}.1") for day in range(20, 10, -1)), held]
    text = shown(status_answer("plants", [], states))
    assert "SUCCEEDED, rolled back at production, held" in text
    assert text.count("SUCCEEDED") == 6


def test_circuits_that_failed_while_others_went_on_need_somebody() -> None:
    part = ReleaseState("20260102.1", outcome=Outcome.SUCCEEDED, circuits=("P/A", "P/B"), failed=("P/B",), serves=True)
    assert needs([part])[0][1].startswith("SUCCEEDED, without 1 of 2 circuits")
    later = ReleaseState("20260103.1", outcome=Outcome.SUCCEEDED, circuits=("P/B",), serves=True)
    assert needs([later, part]) == []


def test_what_is_in_quarantine_is_named() -> None:
    spoilt = quarantined("20260102.1", "x.json is not a fact. Find out who wrote it")
    assert needs([state("20260103.1"), spoilt]) == [("release 20260102.1", "in quarantine")]


def findings(count: int) -> list[Finding]:
    made = [Finding(f"test data of {name}", "3 files", stage="test") for name in CIRCUITS[:count]]
    made[-1] = Finding(made[-1].what, "none", "upload test_input.csv to azureml://x", "test")
    return [
        *made,
        Finding("release 1.1", "in quarantine", "find out who wrote it"),
        serving_finding("be-1", None, "", None),
    ]


def test_the_doctor_names_the_stage_in_each_row_and_counts_first() -> None:
    answer = doctor_answer("plants", findings(3), [state("20260102.1", None, waits=GATE)])
    lines = shown(answer, terminal=False).splitlines()
    assert lines[0].startswith(
        "plants: 5 things checked, 2 of them need somebody; endpoints that serve nothing: 1; releases that wait at a gate: 1;"
    )
    rows = [line.split("\t") for line in lines if line.count("\t") == 3]
    assert [row[0] for row in rows] == ["stage", "test", "test", "test", "every stage", "every stage"]


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_the_doctor_of_a_thousand_circuits_lists_exceptions(width: int) -> None:
    text = shown(doctor_answer("plants", findings(1000), []), width)
    assert len(text.splitlines()) < 40
    assert CIRCUITS[999] in text
    assert CIRCUITS[3] not in text
    assert "1000 more things checked, and all is well with them" in " ".join(text.split())
    assert shown(doctor_answer("plants", findings(1000), [], every=True), terminal=False).count("\n") > 1000


def test_the_doctor_says_how_many_that_are_not_listed_need_somebody() -> None:
    ill = [Finding(name, "none", "upload it", "test") for name in CIRCUITS[:50]]
    assert "30 more things checked, 30 of them need somebody" in shown(doctor_answer("plants", ill, []))

"""Candidate and champion score the same input, and what comes out is judged, kept and shown. (On Azure's emulator: test_replaying.py.)"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import unescape
from itertools import count
from typing import Any

import pytest
from platform_twin import Scoring
from prefect import flow
from replayed import ReplayOutcome
from twins import TinyTwin, Twins

from domain.candidate.changed_circuits import ChangedCircuits
from domain.declaration.stage import Stage
from domain.errors import Terminal
from domain.ledger.fact import Fact, Kind, facts_of
from domain.naming import deployment_name
from domain.release.manifest import Release
from domain.verification.replay import Replay, ReplayResult
from flows.rollout.replay import replay_stage
from tasks.ledger.facts import read_facts
from tasks.ledger.kept_reports import kept_report, replay_page
from tasks.targets.platform import DeploymentRequest
from tasks.verification.replay import replay
from tasks.verification.scored_rows import MOST_REASON
from tasks.workloads import declared_workload

STORE = "azureml://datastores/workspaceblobstore/paths"
SCORE = """
import csv
def init():
    pass
def run(files):
    return [f"{row['name']} {answer(row, float(row['value']))}" for file in files for row in csv.DictReader(open(file))]
"""
SAME = "def answer(row, value): return value"
ROWS = [f"r{number},{number}" for number in range(101)]
"""The champion's spread over them is 90."""
NASTY = "<script>alert(1)</script>"


def shifted(amount: float) -> str:
    return f"def answer(row, value): return value + {amount}"


@dataclass
class Fleet:
    """Two circuits of the test workspace, each with a model, that serve what a test gives them."""

    twins: Twins
    tiny: TinyTwin
    made: ChangedCircuits
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def names(self) -> list[str]:
        return [str(unit) for unit in self.tiny.units()]

    def deployed(self, answer: str | Mapping[str, str]) -> tuple[Release, dict[str, DeploymentRequest]]:
        """A new release, deployed to every circuit and not switched. answer: of all circuits, or of each."""
        release = Release.of(self.made, f"20260102.{next(self.numbers)}", datetime.now(UTC), "linus")
        requests = {}
        for unit in release.units:
            name = str(unit.unit)
            script = self.tiny.folder / "scoring" / "score.py"
            script.write_text(SCORE + (answer if isinstance(answer, str) else answer[name]))
            platform = self.twins.platform(self.tiny.name, "test")
            requests[name] = DeploymentRequest(
                endpoint=platform.endpoint(unit.unit),
                name=deployment_name(release.name),
                model=platform.source(unit, release.name),
                digest=unit.model_digest,
                tags={},
                endpoint_tags={},
            )
            platform.deploy(requests[name])
        return release, requests

    def serve(self, requests: Mapping[str, DeploymentRequest]) -> None:
        """Make deployments the defaults."""
        for request in requests.values():
            self.twins.places["test"].endpoints[request.endpoint].default = request.name

    def stage(self, **given: Any) -> Stage:
        """The stage with this workload's replay; any key of it can be given."""
        declared = {
            "data": f"{STORE}/replay/{{plant}}/{{circuit}}/",
            "columns": ["name", "value"],
            "prediction": "value",
            "rows_at_least": 50,
            "timeout_minutes": 1,
            "limits": {
                "mean_shift": {"pass": 0.05, "fail": 0.5},
                "p95_shift": {"pass": 0.05, "fail": 0.5},
                "moved": {"by": 0.2, "pass": 0.0, "fail": 0.5},
            },
        }
        stage = declared_workload(self.tiny.name).stage("test")
        return stage.model_copy(update={"replay": Replay.model_validate(declared | given)})

    def put(self, path: str, lines: list[str], circuit: str = "A1") -> None:
        """A file in the store. path: below the plant's and the circuit's folder of `replay` or `golden`."""
        top, _, rest = path.partition("/")
        text = "".join(f"{line}\n" for line in lines)
        self.twins.places["test"].data[f"{STORE}/{top}/{self.tiny.plant}/{circuit}/{rest}"] = text

    def replay(self, release: Release, requests: dict[str, DeploymentRequest], stage: Stage) -> ReplayOutcome:
        """As a release does it."""

        @flow
        def replaying() -> dict[str, str]:
            platform = self.twins.platform(self.tiny.name, "test")
            return replay_stage(self.twins.ledger, platform, release, stage, requests)

        return ReplayOutcome.of(replaying(), self.facts(release))

    def facts(self, release: Release) -> tuple[Fact, ...]:
        return facts_of(read_facts(self.twins.ledger, release.workload, release.name), Kind.REPLAYED, "test")

    def page(self, release: Release, outcome: ReplayOutcome) -> str:
        return kept_report(self.twins.ledger, release.workload, release.name, replay_page("test"), outcome.report)


@pytest.fixture
def fleet(twins: Twins, tiny: TinyTwin) -> Fleet:
    """Nothing serves yet; the recent input is there."""
    made = tiny.candidates()
    for unit in made.circuits:
        twins.models.publish(None, twins.registry, unit, {})
    found = Fleet(twins, tiny, made)
    for circuit in tiny.circuits:
        found.put("replay/input.csv", ["name,value", *ROWS], circuit)
    return found


@pytest.fixture
def first(fleet: Fleet) -> tuple[Release, ReplayOutcome]:
    """The first release: nothing serves before it. After it the champion gives every row's own value."""
    release, requests = fleet.deployed(SAME)
    outcome = fleet.replay(release, requests, fleet.stage())
    fleet.serve(requests)
    return release, outcome


def text_of(page: str) -> str:
    """What is read on the page, plots and style left out."""
    bare = re.sub(r"<(svg|style).*?</\1>", "", page, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", bare)).split())


def test_a_first_release_has_nothing_to_be_compared_with_and_says_so(fleet: Fleet, first) -> None:
    release, outcome = first
    assert (outcome.verdict, outcome.failures, outcome.doubts) == (ReplayResult.PASSED, {}, {})
    body = fleet.facts(release)[0].body
    assert body["units"][fleet.names[0]] == {
        "verdict": "PASSED",
        "champion": None,
        "reasons": "Champion: no other deployment serves here, so there is nothing to compare",
    }
    assert "No plot: nothing could be compared." in text_of(fleet.page(release, outcome))


def test_the_same_model_twice_passes_with_no_shift_and_is_replayed_once(fleet: Fleet, first) -> None:
    release, requests = fleet.deployed(SAME)
    outcome = fleet.replay(release, requests, fleet.stage())
    assert outcome == ReplayOutcome(ReplayResult.PASSED, outcome.report, {}, {})
    fact = fleet.facts(release)[0]
    assert fact.body["verdict"] == "PASSED"
    assert fact.body["report"] == outcome.report
    champion = deployment_name(first[0].name)
    numbers = {"rows": 101, "mean_shift": 0.0, "p95_shift": 0.0, "moved_share": 0.0}
    assert fact.body["units"] == {name: {"verdict": "PASSED", "champion": champion, **numbers} for name in fleet.names}

    before = set(fleet.twins.places["test"].ended)
    assert fleet.replay(release, requests, fleet.stage()) == outcome
    assert set(fleet.twins.places["test"].ended) == before
    assert fleet.facts(release) == (fact,)

    page = fleet.page(release, outcome)
    assert page.count("<svg") == 2
    assert f"{fleet.names[0]} PASSED {champion} 101 0 0 0 0 90 0.00 % none" in text_of(page)


def test_another_declaration_or_another_champion_is_replayed_anew(fleet: Fleet, first) -> None:
    release, requests = fleet.deployed(SAME)
    fleet.replay(release, requests, fleet.stage())
    assert fleet.replay(release, requests, fleet.stage(rows_at_least=102)).verdict is ReplayResult.INCONCLUSIVE
    assert len(fleet.facts(release)) == 2
    fleet.serve(requests)
    fleet.replay(release, requests, fleet.stage(rows_at_least=102))
    assert len(fleet.facts(release)) == 2, "what serves already was switched after its replay"
    _, others = fleet.deployed(SAME)
    fleet.serve(others)
    fleet.replay(release, requests, fleet.stage(rows_at_least=102))
    assert len(fleet.facts(release)) == 3
    assert fleet.facts(release)[-1].body["units"][fleet.names[0]]["champion"] == others[fleet.names[0]].name


def test_another_model_fails_and_everything_about_it_can_be_read(fleet: Fleet, first) -> None:
    one, other = fleet.names
    release, requests = fleet.deployed({one: shifted(90), other: SAME})
    outcome = fleet.replay(release, requests, fleet.stage())
    assert (outcome.verdict, set(outcome.failures), outcome.doubts) == (ReplayResult.FAILED, {one}, {})
    assert (
        "Mean shift: 90 is 1 of the champion's spread 90; passes up to 0.05, fails above 0.5" in outcome.failures[one]
    )
    units = fleet.facts(release)[0].body["units"]
    assert units[one]["reasons"] == outcome.failures[one]
    assert (units[one]["mean_shift"], units[one]["moved_share"]) == (1.0, 1.0)
    assert "reasons" not in units[other]
    rows = fleet.twins.run.artifacts["replay-test"][-1]
    assert [(row["circuit"], row["verdict"], row["detail"]) for row in rows[:3]] == [
        ("all", "FAILED", "1 of 2 circuits"),
        ("all", "INCONCLUSIVE", "0 of 2 circuits"),
        ("all", "PASSED", "1 of 2 circuits"),
    ]
    assert [(row["circuit"], row["verdict"]) for row in rows[3:]] == [(one, "FAILED")]
    page = fleet.page(release, outcome)
    text = text_of(page)
    assert f"FAILED: release {release.name} of {fleet.tiny.name} at test" in text
    assert "absolute mean shift, in spreads 0.05 0.5" in text
    assert text.index(f"{one} FAILED") < text.index(f"{other} PASSED")
    assert page.index(f"{one}: candidate against champion") < page.index(f"{other}: candidate against champion")


def test_a_shift_between_the_bounds_is_for_people(fleet: Fleet, first) -> None:
    one, other = fleet.names
    release, requests = fleet.deployed({one: SAME, other: shifted(9)})
    outcome = fleet.replay(release, requests, fleet.stage())
    assert (outcome.verdict, outcome.failures, set(outcome.doubts)) == (ReplayResult.INCONCLUSIVE, {}, {other})
    assert outcome.doubts[other].startswith("Mean shift: 9 is 0.1 of the champion's spread")
    assert fleet.replay(release, requests, fleet.stage()) == outcome


@pytest.mark.parametrize(
    ("answer", "verdict", "reason"),
    [
        ("def answer(row, value): return 'nan' if value == 7 else value", ReplayResult.FAILED,
         "the candidate gave no finite number and the champion did: 1"),
        ("def answer(row, value): return f'{value} extra'", ReplayResult.FAILED, "has 3 columns and 2 are declared: name, value"),
        ("def answer(row, value): raise ValueError('no such column')", ReplayResult.FAILED, "ended Failed"),
        ("def answer(row, value): return value if value < 90 else f'{value}\\nr{value} 1'", ReplayResult.INCONCLUSIVE,
         "answered by the candidate and not by the champion: 11"),
        ("def answer(row, value): return value if value < 90 else f'{value}\\n{row[\"name\"]} 1'", ReplayResult.INCONCLUSIVE,
         "not told apart by name, so nothing was compared: 11"),
    ],
    ids=["no number", "another column", "raises", "more rows", "rows twice"],
)  # fmt: skip
def test_answers_that_cannot_be_compared_never_pass(
    answer: str, verdict: ReplayResult, reason: str, fleet: Fleet, first
) -> None:
    one, other = fleet.names
    release, requests = fleet.deployed({one: answer, other: SAME})
    outcome = fleet.replay(release, requests, fleet.stage())
    assert outcome.verdict is verdict
    told = (outcome.failures | outcome.doubts)[one]
    assert reason in told
    assert len(told) <= MOST_REASON
    assert fleet.page(release, outcome).count("<svg") == (
        1 if "columns" in told or "ended" in told or "apart" in told else 2
    )


def test_a_champion_that_cannot_answer_is_for_people(fleet: Fleet, first) -> None:
    _, broken = fleet.deployed("def answer(row, value): raise ValueError('broken')")
    release, requests = fleet.deployed(SAME)
    fleet.serve(broken)
    outcome = fleet.replay(release, requests, fleet.stage())
    assert (outcome.verdict, set(outcome.doubts)) == (ReplayResult.INCONCLUSIVE, set(fleet.names))
    assert "gave no answers, so nothing was compared: job" in outcome.doubts[fleet.names[0]]


def golden(fleet: Fleet, tolerance: float = 0.5) -> dict[str, Any]:
    """Golden answers of the first circuit only."""
    return {
        "data": f"{STORE}/golden/{{plant}}/{{circuit}}/input/",
        "expected": f"{STORE}/golden/{{plant}}/{{circuit}}/expected.csv",
        "tolerance": {fleet.names[0]: tolerance},
    }


def test_a_wrong_golden_answer_fails_also_where_nothing_shifted(fleet: Fleet, first) -> None:
    fleet.put("golden/input/input.csv", ["name,value", "a,1", "b,2"])
    fleet.put("golden/expected.csv", ["note,value,name", "one,1.4,a", "two,1.6,b"])
    release, requests = fleet.deployed(SAME)
    good = fleet.replay(release, requests, fleet.stage(golden=golden(fleet)))
    assert good.verdict is ReplayResult.PASSED
    assert fleet.facts(release)[-1].body["units"][fleet.names[0]]["golden_misses"] == 0
    assert "0 of 2" in text_of(fleet.page(release, good))
    wrong = fleet.replay(release, requests, fleet.stage(golden=golden(fleet, tolerance=0.39)))
    assert (wrong.verdict, set(wrong.failures)) == (ReplayResult.FAILED, {fleet.names[0]})
    assert "2 missed, 2 expected: a: 1; expected 1.4 ± 0.39; b: 2; expected 1.6" in wrong.failures[fleet.names[0]]


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (["name,value"], "has no rows"),
        (["name,power", "a,1"], "no column value"),
        (["name,value", "a,one"], "1 rows have no finite number in value"),
        (["name,value", "a,1", "a,2"], "1 rows have the same name as another"),
    ],
)
def test_golden_answers_that_are_not_whole_are_refused(lines: list[str], why: str, fleet: Fleet, first) -> None:
    fleet.put("golden/input/input.csv", ["name,value", "a,1", "b,2"])
    fleet.put("golden/expected.csv", lines)
    release, requests = fleet.deployed(SAME)
    outcome = fleet.replay(release, requests, fleet.stage(golden=golden(fleet)))
    assert why in outcome.failures[fleet.names[0]]
    assert "Upload a CSV file with a header and the columns name, value" in outcome.failures[fleet.names[0]]
    assert fleet.facts(release) == ()


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"data": f"{STORE}/nowhere/{{circuit}}/"}, "A1 has no recent input to replay: .*/nowhere/A1/ in mlw-test is empty"),
        ({"golden": f"{STORE}/nowhere/{{circuit}}/"}, "there are no golden answers at .*/nowhere/A1/expected.csv"),
    ],
)  # fmt: skip
def test_missing_data_is_a_definite_no_that_is_not_written_down(
    given: dict[str, Any], why: str, fleet: Fleet, first
) -> None:
    if "golden" in given:
        place = given["golden"]
        given = {
            "golden": {"data": f"{place}in/", "expected": f"{place}expected.csv", "tolerance": {fleet.names[0]: 1}}
        }
    release, requests = fleet.deployed(SAME)
    stage = fleet.stage(**given)
    assert stage.replay is not None
    platform = fleet.twins.platform(fleet.tiny.name, "test")
    request, unit = requests[fleet.names[0]], fleet.tiny.units()[0]
    with pytest.raises(Terminal, match=why):
        replay.fn(
            platform, Scoring(platform.at), stage.replay, unit, request.endpoint, request.name, "deployment-of-before"
        )
    outcome = fleet.replay(release, requests, stage)
    assert outcome.verdict is ReplayResult.FAILED
    assert re.search(why, outcome.failures[fleet.names[0]])
    assert outcome.report == ""
    assert fleet.facts(release) == ()


def test_golden_answers_without_their_input_are_a_definite_no(fleet: Fleet, first) -> None:
    fleet.put("golden/expected.csv", ["name,value", "a,1"])
    release, requests = fleet.deployed(SAME)
    stage = fleet.stage(golden=golden(fleet) | {"data": f"{STORE}/nowhere/{{circuit}}/"})
    assert "has no golden input" in fleet.replay(release, requests, stage).failures[fleet.names[0]]


def test_names_of_rows_are_text_in_the_report(fleet: Fleet, first) -> None:
    fleet.put("golden/input/input.csv", ["name,value", f"{NASTY},1"])
    fleet.put("golden/expected.csv", ["name,value", f"{NASTY},5"])
    release, requests = fleet.deployed(SAME)
    outcome = fleet.replay(release, requests, fleet.stage(golden=golden(fleet)))
    page = fleet.page(release, outcome)
    assert NASTY not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;: 1; expected 5" in page


def test_a_report_that_was_changed_is_found(fleet: Fleet, first) -> None:
    release, requests = fleet.deployed(SAME)
    outcome = fleet.replay(release, requests, fleet.stage())
    path = f"reports/{fleet.tiny.name}/{release.name}/test-replay-{outcome.report.removeprefix('sha256:')}.html"
    fleet.twins.blobs.upload_blob(path, b"all is well", overwrite=True)
    with pytest.raises(Terminal, match="was changed"):
        fleet.page(release, outcome)


def test_a_stage_without_a_replay_passes_without_a_word(fleet: Fleet, first) -> None:
    release, requests = fleet.deployed(SAME)
    stage = fleet.stage().model_copy(update={"replay": None})
    assert fleet.replay(release, requests, stage) == ReplayOutcome(ReplayResult.PASSED, "", {}, {})
    assert fleet.facts(release) == ()

"""The replay of one circuit: the new deployment and the one that serves now score the same recent input."""

from array import array
from dataclasses import dataclass

from prefect import task

from blocks.workspace import Workspace
from domain.errors import Terminal
from domain.unit import Unit
from domain.verification.golden_answers import GoldenAnswers, golden_answers
from domain.verification.prediction_shift import paired, shift_of, spaced
from domain.verification.replay import Replay, ReplayEvidence
from tasks.azure_ml.datastore_files import list_files
from tasks.azure_ml.scoring_jobs import invoke
from tasks.retries import RETRIED
from tasks.targets.platform import Platform
from tasks.verification.scored_rows import Answered, answers_of, expected_answers

MOST_POINTS = 2_000


@dataclass(frozen=True)
class Points:
    """Rows to be drawn, in order of their shifts, at most `MOST_POINTS`: prediction of the champion, of the candidate.

    Arrays, because a thousand circuits are held at once.
    """

    champion: "array[float]"
    candidate: "array[float]"


@dataclass(frozen=True)
class Replayed:
    """What was seen at one circuit, and what of it can be drawn."""

    evidence: ReplayEvidence
    points: Points


@task(name="replay", **RETRIED)
def replay(
    platform: Platform,
    workspace: Workspace,
    declared: Replay,
    unit: Unit,
    endpoint: str,
    deployment: str,
    champion: str | None,
) -> Replayed:
    """Score the circuit's recent input with both deployments, and its golden input with the new one.

    workspace: of the platform. Where there is no other deployment, nothing is compared. Terminal where the declared input is not there.
    """
    if champion == deployment:
        champion = None
    tolerance = declared.golden.tolerance_for(unit) if declared.golden else None
    jobs: dict[str, str] = {}
    champion_fault = ""
    if champion is not None:
        data = _with_files(workspace, unit, declared.data_for(unit), "recent input to replay")
        jobs["candidate"] = invoke(workspace, endpoint, deployment, data)
        champion_fault = _not_ready(platform, endpoint, champion)
        if not champion_fault:
            jobs["champion"] = invoke(workspace, endpoint, champion, data)
    expected = {}
    if declared.golden is not None and tolerance is not None:
        expected = expected_answers(workspace, declared.golden.expected_for(unit), declared)
        data = _with_files(workspace, unit, declared.golden.data_for(unit), "golden input")
        jobs["golden"] = invoke(workspace, endpoint, deployment, data)

    answered = {name: answers_of(workspace, job, declared) for name, job in jobs.items()}
    ours, theirs = answered.get("candidate", Answered()), answered.get("champion", Answered(fault=champion_fault))
    golden = answered.get("golden", Answered())
    repeated = ours.repeated + theirs.repeated
    compared = {"candidate", "champion"} <= jobs.keys() and not (ours.fault or theirs.fault or repeated)
    seen: GoldenAnswers | None = None
    golden_fault = golden.fault or (f"{golden.repeated} rows cannot be told apart" if golden.repeated else "")
    if tolerance is not None and not golden_fault:
        seen = golden_answers(golden.rows, expected, tolerance)
    evidence = ReplayEvidence(
        unit=unit,
        candidate=deployment,
        champion=champion,
        fault=ours.fault,
        champion_fault=theirs.fault,
        repeated=repeated,
        shift=shift_of(ours.rows, theirs.rows, declared.limits.moved.by) if compared else None,
        golden=seen,
        golden_fault=golden_fault,
    )
    drawn = spaced(paired(ours.rows, theirs.rows), MOST_POINTS) if compared else []
    return Replayed(evidence, Points(array("d", (one for one, _ in drawn)), array("d", (other for _, other in drawn))))


def _with_files(workspace: Workspace, unit: Unit, folder: str, what: str) -> str:
    if not list_files(workspace, folder):
        raise Terminal(
            f"{unit} has no {what}: {folder} in {workspace.workspace_name} is empty. Upload CSV files of the training "
            "data's columns there, then run the release again."
        )
    return folder


def _not_ready(platform: Platform, endpoint: str, champion: str) -> str:
    """Why the champion cannot answer; empty when it can."""
    found = platform.find(endpoint, champion)
    state = found.state if found else "absent"
    return "" if state == "Succeeded" else f"the deployment is {state}"

"""After the switch: every endpoint's default is asked as its callers ask it, and what fails is rolled back."""

from collections.abc import Mapping

from domain.ledger.fact import Kind, facts_of
from domain.rollout.switch import Journal
from domain.unit import Unit
from domain.verification.confirmation import Confirmation
from domain.verification.http_smoke import AnySmokeTest
from domain.verification.replay import Replay, ReplayResult
from flows.fan_out.each import map_split
from flows.stage.stage_run import ServingRun
from tasks.artifacts import show_table
from tasks.platforms import workspace_of
from tasks.reports.replay_report import worst_first
from tasks.targets.platform import smoke
from tasks.verification.replay import replay


def confirm(
    at: ServingRun, declared: Confirmation | None, circuits: Mapping[str, Unit], journal: Journal
) -> dict[str, str]:
    """Ask every endpoint that was switched, once: what is in the ledger is not asked again.

    circuits: endpoint → circuit. Returns endpoint → why it has to be rolled back.
    """
    if declared is None:
        return {}
    switched = {name: circuits[name] for name in journal.after if name not in journal.dropped}
    asked = {name: unit for name, unit in switched.items() if name not in _answers(at)}
    if asked:
        failures = _smoke(at, declared.smoke, asked) if declared.smoke else {}
        doubts: dict[str, str] = {}
        if declared.replay:
            going = {name: unit for name, unit in asked.items() if name not in failures}
            failed, doubts = _replay(at, declared.replay, going, journal)
            failures |= failed
        answers = {name: failures.get(name, "") for name in asked}
        at.write(Kind.CONFIRMED, {"passed": not failures, "answers": answers, "doubts": doubts})
    return {name: reason for name, reason in _answers(at).items() if reason and name in switched}


def _answers(at: ServingRun) -> dict[str, str]:
    """Endpoint → why it failed, empty where it answered well; as the ledger has them."""
    answers: dict[str, str] = {}
    for fact in facts_of(at.facts(), Kind.CONFIRMED, at.stage):
        answers |= fact.body["answers"]
    return answers


def _smoke(at: ServingRun, test: AnySmokeTest, circuits: Mapping[str, Unit]) -> dict[str, str]:
    verdicts, failures = map_split(
        smoke,
        {name: (at.platform, test, unit, name, None) for name, unit in circuits.items()},
        f"confirm at {at.stage}",
    )
    rows = [
        {"circuit": str(verdict.unit), "check": check.name, "passed": check.passed, "detail": check.detail}
        for verdict in verdicts.values()
        for check in verdict.checks
        if not check.passed
    ]
    show_table(
        rows or [{"circuit": f"all {len(verdicts)}", "check": "all", "passed": True, "detail": ""}],
        key=f"confirmation-{at.stage}",
        description=f"After the switch of release {at.release} at {at.stage}: what did not pass",
    )
    return failures | {name: "; ".join(one.failures) for name, one in verdicts.items() if not one.passed}


def _replay(
    at: ServingRun, declared: Replay, circuits: Mapping[str, Unit], journal: Journal
) -> tuple[dict[str, str], dict[str, str]]:
    """Failures and doubts. What served before the switch is the champion."""
    endpoints = {str(unit): name for name, unit in circuits.items()}
    workspace = workspace_of(at.platform)
    replayed, failures = map_split(
        replay,
        {
            name: (at.platform, workspace, declared, unit, name, journal.after[name] or "", journal.before.get(name))
            for name, unit in circuits.items()
        },
        f"compare after the switch at {at.stage}",
    )
    judged = worst_first(declared, list(replayed.values()))
    of = {
        verdict: {endpoints[one.circuit]: one.reason for one in judged if one.verdict.verdict is verdict}
        for verdict in (ReplayResult.FAILED, ReplayResult.INCONCLUSIVE)
    }
    return failures | of[ReplayResult.FAILED], of[ReplayResult.INCONCLUSIVE]

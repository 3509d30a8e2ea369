"""Stages 2 and 3: deploy all, verify all, write the journal, switch all, read back. (Seed 002; a fleet moves as one.)"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from prefect import get_run_logger

from domain.approval.request import open_request
from domain.declaration.stage import Stage
from domain.declaration.workload import Workload
from domain.ledger.fact import Fact, Kind, facts_of
from domain.naming import deployment_name
from domain.release.manifest import Release
from domain.rollout.switch import switched_endpoints
from domain.tags import RELEASE_ID, WORKLOAD, deployment_tags
from domain.text import listed_reasons
from domain.unit import Unit
from domain.verification.http_smoke import AnySmokeTest
from domain.verification.smoke import SmokeVerdict
from flows.fan_out.each import map_split
from flows.rollout.replay import replay_stage
from flows.rollout.switch import finish_interrupted_switches
from flows.rollout.waves import Soaking, soaks_until, switch_waves
from flows.stage.active_units import Fleet
from flows.stage.stage_run import ServingRun
from tasks.artifacts import show_table
from tasks.targets.platform import DeploymentRequest, Platform, check, deploy, smoke


class Doubted(Exception):  # noqa: N818 — no error: people are asked
    """The replay left doubts, and nobody was asked about them yet. doubts: circuit → reason."""

    def __init__(self, doubts: dict[str, str]) -> None:
        self.doubts = doubts
        super().__init__(listed_reasons(doubts))


def deploy_stage(
    at: ServingRun,
    workload: Workload,
    release: Release,
    stage: Stage,
    before: Sequence[Stage],
) -> dict[str, str]:
    """Carry every circuit to the stage, wave after wave; circuit → reason when that failed, and then all were rolled back.

    Raises Doubted when people have to look at the replay first, Soaking when the next wave comes later. before: the stages
    below. Whether the stage admits the release is asked again just before every switch.
    """
    finish_interrupted_switches(at, release.name)
    at.held.announce((release.name,) if release.name in at.held.left else ())
    until = soaks_until(at)
    if until is not None and until > datetime.now(UTC):
        raise Soaking(until)
    at.platform.prepare()
    fleet = Fleet(at, release, workload.fleet == "independent")
    requests = _requests(at.platform, release, _name(at.facts(), release))
    switched = switched_endpoints(at.facts(), stage.name)

    def waiting() -> dict[str, DeploymentRequest]:
        named = {str(unit.unit): requests[str(unit.unit)] for unit in fleet.units()}
        return {name: one for name, one in named.items() if one.endpoint not in switched}

    _, failures = map_split(
        deploy,
        {name: (at.platform, one) for name, one in waiting().items()},
        f"deploy at {stage.name}",
    )
    if fleet.ends_by(failures):
        return failures
    at.once(Kind.DEPLOYED, {"deployment": _name(at.facts(), release)})

    checks: list[dict[str, object]] = []
    if stage.verification is not None and not at.recorded(Kind.VERIFIED):
        verdicts, failures = _smoke(at.platform, stage.name, stage.verification, waiting())
        checks = _report(stage, release, verdicts)
        failures |= {str(verdict.unit): "; ".join(verdict.failures) for verdict in verdicts if not verdict.passed}
        if fleet.ends_by(failures):
            return failures
    at.once(Kind.VERIFIED, {"passed": True, "checks": checks})

    replayed = replay_stage(at.ledger, at.platform, release, stage, waiting())
    if fleet.ends_by(replayed.failures):
        return replayed.failures
    if replayed.doubts and open_request(release, stage, at.facts()) is None:
        raise Doubted(replayed.doubts)

    circuits = {str(unit.unit): unit for unit in release.units}
    calls = {name: (at.platform, circuits[name], release.name) for name in waiting()}
    _, failures = map_split(check, calls, f"check what {stage.name} gets")
    if fleet.ends_by(failures):
        return failures
    return switch_waves(at, fleet, stage, requests, before)


def _name(facts: Sequence[Fact], release: Release) -> str:
    """Of the release's deployments, everywhere: one that began when names had another form keeps its own."""
    deployed = facts_of(facts, Kind.DEPLOYED)
    return str(deployed[0].body["deployment"]) if deployed else deployment_name(release.name)


def _requests(platform: Platform, release: Release, name: str) -> dict[str, DeploymentRequest]:
    now = datetime.now(UTC)
    return {
        str(unit.unit): DeploymentRequest(
            endpoint=platform.endpoint(unit.unit),
            name=name,
            model=platform.source(unit, release.name),
            digest=unit.model_digest,
            tags=deployment_tags(release.workload, unit.cutoff_date, release.name, now),
            endpoint_tags={
                WORKLOAD: release.workload,
                "plant_id": unit.plant_id,
                "circuit_id": unit.circuit_id,
                RELEASE_ID: release.name,
            },
        )
        for unit in release.units
    }


def _smoke(
    platform: Platform, stage: str, test: AnySmokeTest, requests: Mapping[str, DeploymentRequest]
) -> tuple[list[SmokeVerdict], dict[str, str]]:
    calls = {name: (platform, test, Unit.parse(name), one.endpoint, one.name) for name, one in requests.items()}
    verdicts, failures = map_split(smoke, calls, f"smoke test at {stage}")
    return list(verdicts.values()), failures


def _report(stage: Stage, release: Release, verdicts: list[SmokeVerdict]) -> list[dict[str, object]]:
    """A table artifact of every check; warnings are logged, because they stop nothing."""
    checks: list[dict[str, object]] = [
        {
            "unit": str(verdict.unit),
            "name": check.name,
            "passed": check.passed,
            "warning": check.warning,
            "detail": check.detail,
        }
        for verdict in verdicts
        for check in verdict.checks
    ]
    show_table(checks, key=f"smoke-{stage.name}", description=f"Smoke tests of release {release.name} at {stage.name}")
    for verdict in verdicts:
        for warning in verdict.warnings:
            get_run_logger().warning("%s: %s", verdict.unit, warning)
    return checks

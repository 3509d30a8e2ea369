"""A stage that serves: deploy all, verify all, write the journal, switch all, read back. (Seed 002; a fleet moves as one.)"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Self

from prefect import get_run_logger

from domain.declaration.stage import Stage
from domain.declaration.workload import Workload
from domain.ledger.fact import Fact, Kind, facts_of
from domain.naming import deployment_name
from domain.promotion.step import Switch, Work
from domain.release.failed_units import active_units
from domain.release.manifest import Release
from domain.rollout.switch import switched_endpoints
from domain.tags import RELEASE_ID, WORKLOAD, deployment_tags
from domain.unit import Unit
from domain.utc import utc_text
from domain.verification.http_smoke import AnySmokeTest
from domain.verification.smoke import SmokeVerdict
from flows.fan_out.each import map_split
from flows.rollout.confirm import confirm
from flows.rollout.replay import replay_stage
from flows.rollout.switch import finish_interrupted_switches, switch_fleet
from flows.stage.active_units import drop
from flows.stage.stage_run import ServingRun
from tasks.artifacts import show_table
from tasks.targets.platform import DeploymentRequest, Platform, check, deploy, smoke

Waiting = dict[str, DeploymentRequest]
"""Circuit → what is asked of the platform: of circuits that are on their way and were not switched."""


class Rollout:
    """A release's way to one stage that this run holds, wave after wave."""

    def __init__(self, at: ServingRun, release: Release, stage: Stage, alone: bool) -> None:
        self.at, self._release, self._stage, self._alone = at, release, stage, alone
        self._name = _name(at.facts(), release)
        self._requests = _requests(at.platform, release, self._name)
        self._checks: list[dict[str, object]] = []

    @classmethod
    def begin(cls, at: ServingRun, workload: Workload, release: Release, stage: Stage) -> Self:
        """Once the stage is held: what holders before left half switched is finished, and what all circuits share is there."""
        finish_interrupted_switches(at, release.name)
        at.held.announce((release.name,) if release.name in at.held.left else ())
        at.platform.prepare()
        return cls(at, release, stage, workload.independent)

    @property
    def endpoints(self) -> dict[str, str]:
        """Circuit → endpoint."""
        return {name: one.endpoint for name, one in self._requests.items()}

    def do(self, work: Work) -> dict[str, str]:
        """Every circuit that is on its way and was not switched; circuit → why it failed."""
        waiting = self._waiting()
        match work:
            case Work.DEPLOY:
                return self._deploy(waiting)
            case Work.VERIFY:
                return self._verify(waiting)
            case Work.REPLAY:
                return self._replay(waiting)
            case Work.CHECK:
                return self._check(waiting)

    def drop(self, failures: Mapping[str, str]) -> None:
        """Go on without these."""
        drop(self.at, failures)

    def switch(self, step: Switch) -> dict[str, str]:
        """A wave; what failed, and why."""
        if not step.circuits:  # all that were left have failed by themselves
            self.at.write(Kind.SWITCHED, {"after": {}, "left": step.left})
            return {}
        units = {self._requests[str(one.unit)].endpoint: one.unit for one in self._release.units}
        wave = [self._requests[name] for name in step.circuits]

        def told() -> dict[str, object]:
            """A wave soaks from when it is confirmed; to the second, never shorter."""
            until = datetime.now(UTC) + timedelta(minutes=step.soak_minutes, seconds=0 if not step.soak_minutes else 1)
            return {"wave": step.wave, "left": step.left, "soaks_until": utc_text(until.replace(microsecond=0))}

        return switch_fleet(
            self.at,
            {one.endpoint: one.name for one in wave},
            {endpoint: str(unit) for endpoint, unit in units.items()},
            self._alone,
            lambda journal: confirm(self.at, self._stage.confirmation, units, journal),
            told,
        )

    def _waiting(self) -> Waiting:
        facts = self.at.facts()
        switched = switched_endpoints(facts, self._stage.name)
        named = {str(unit.unit): self._requests[str(unit.unit)] for unit in active_units(self._release, facts)}
        return {name: one for name, one in named.items() if one.endpoint not in switched}

    def _deploy(self, waiting: Waiting) -> dict[str, str]:
        calls = {name: (self.at.platform, one) for name, one in waiting.items()}
        return map_split(deploy, calls, f"deploy at {self._stage.name}")[1]

    def _verify(self, waiting: Waiting) -> dict[str, str]:
        self.at.once(Kind.DEPLOYED, {"deployment": self._name})
        if self._stage.verification is None or self.at.recorded(Kind.VERIFIED):
            return {}
        verdicts, failures = _smoke(self.at.platform, self._stage.name, self._stage.verification, waiting)
        self._checks = _report(self._stage, self._release, verdicts)
        return failures | {str(one.unit): "; ".join(one.failures) for one in verdicts if not one.passed}

    def _replay(self, waiting: Waiting) -> dict[str, str]:
        self.at.once(Kind.VERIFIED, {"passed": True, "checks": self._checks})
        return replay_stage(self.at.ledger, self.at.platform, self._release, self._stage, waiting)

    def _check(self, waiting: Waiting) -> dict[str, str]:
        circuits = {str(unit.unit): unit for unit in self._release.units}
        calls = {name: (self.at.platform, circuits[name], self._release.name) for name in waiting}
        return map_split(check, calls, f"check what {self._stage.name} gets")[1]


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

"""Wave after wave switches; between them the stage is free, and the ledger knows until when."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from prefect import get_run_logger

from blocks.ledger import Ledger
from domain.declaration.stage import Stage
from domain.declaration.wave import waves_of
from domain.ledger.fact import Kind, facts_of
from domain.release.manifest import Release
from domain.rollout.switch import switched_endpoints
from domain.utc import utc_text
from flows.rollout.confirm import confirm
from flows.rollout.switch import switch_fleet
from flows.stage.active_units import Fleet
from flows.stage.admit import must_admit
from flows.stage.stage_run import ServingRun, StageRun
from tasks.ledger.facts import read_facts
from tasks.targets.platform import DeploymentRequest

LOOKED_EVERY = 10.0
"""Seconds between two looks at the ledger while a wave soaks."""


class Soaking(Exception):  # noqa: N818 — no error: the stage is free meanwhile
    """A wave has switched, and the next begins later."""

    def __init__(self, until: datetime) -> None:
        self.until = until
        super().__init__(f"the next wave begins at {utc_text(until)}")


def switch_waves(
    at: ServingRun,
    fleet: Fleet,
    stage: Stage,
    requests: Mapping[str, DeploymentRequest],
    before: Sequence[Stage],
) -> dict[str, str]:
    """Every wave that has not switched, each admitted anew; circuit → reason when one failed."""
    units = {requests[str(unit.unit)].endpoint: unit.unit for unit in fleet.release.units}
    while True:
        switched = switched_endpoints(at.facts(), stage.name)
        waves = [
            ([requests[str(one.unit)] for one in wave if requests[str(one.unit)].endpoint not in switched], soak)
            for wave, soak in waves_of(stage.waves, fleet.units())
        ]
        waiting = [number for number, (wave, _) in enumerate(waves) if wave]
        if not waiting:  # all that were left have failed by themselves
            at.write(Kind.SWITCHED, {"after": {}, "left": 0})
            return {}
        must_admit(at.ledger, stage, before, fleet.release)
        (wave, soak), left = waves[waiting[0]], len(waiting) - 1
        until = (datetime.now(UTC) + timedelta(minutes=soak)).replace(microsecond=0)
        failures = switch_fleet(
            at,
            {one.endpoint: one.name for one in wave},
            {endpoint: str(unit) for endpoint, unit in units.items()},
            fleet.alone,
            lambda journal: confirm(at, stage.confirmation, units, journal),
            {"wave": waiting[0] + 1, "left": left, "soaks_until": utc_text(until)},
        )
        if failures or not left:
            return failures
        if soak:
            raise Soaking(until)


def soaks_until(at: StageRun) -> datetime | None:
    """When the next wave may begin; None where none waits."""
    switched = facts_of(at.facts(), Kind.SWITCHED, at.stage)
    if not switched or not switched[-1].body.get("left"):
        return None
    return datetime.fromisoformat(switched[-1].body["soaks_until"])


def wait_for_soak(ledger: Ledger, release: Release, stage: Stage, until: datetime) -> None:
    """Until the next wave may begin, or until somebody has rolled back what soaks. Ended and run again it does not start over."""
    get_run_logger().info("%s: a wave soaks; the next begins at %s", stage.name, utc_text(until))
    while (seconds := (until - datetime.now(UTC)).total_seconds()) > 0:
        facts = read_facts(ledger, release.workload, release.name)
        if facts_of(facts, Kind.ROLLED_BACK, stage.name) or facts_of(facts, Kind.HELD, stage.name):
            return
        time.sleep(min(seconds, LOOKED_EVERY))

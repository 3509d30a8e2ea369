"""One run over a fleet in a process of its own, so that its memory is its own: `python -m benchmarks.fleet_run RUN NAME WORKERS`.

RUN: `release` and `rollback` are the product's flows, each with a floor, `release-floor` and `rollback-floor`: the same calls of the
SDK in a plain thread pool, stage after stage, without Prefect, ledger, journal and lease. `supersede` is neither: it puts a second
deployment over what serves, so that there is something to roll back. Prints one line of JSON. What a process needs once (the SDK's
import, its clients and tokens) comes before the clock of each.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from blocks.ledger import Ledger
from blocks.loading import loaded
from blocks.model_registry import ModelRegistry
from blocks.workspace import Workspace
from domain.candidate.changed_circuits import ChangedCircuit, ChangedCircuits
from domain.declaration.target import BatchEndpointTarget
from domain.declaration.workload import Workload
from domain.naming import deployment_name
from domain.tags import deployment_tags, model_tags
from flows.fan_out.each import fan_out
from tasks import workloads
from tasks.azure_ml.models import check_model, publish_model
from tasks.targets.batch_endpoint.target import BatchEndpoints
from tasks.targets.champions import champions_of
from tasks.targets.ownership import faults_of_endpoints, faults_of_registry
from tasks.targets.platform import DeploymentRequest
from tasks.targets.serving import inventories, serving_of, standings_of
from tasks.training.training_record import check_training
from tasks.workloads import declared_workload

FIRST, SECOND = "19990101.1", "19990101.2"
CHANGED = "changed.json"


class Nobody:
    """Holds a stage that nobody else wants: a floor has no lease. fence: as leases have it, of the clock."""

    def __init__(self) -> None:
        self.fence = int(time.time())

    def must_outrank(self, endpoint: str, fence: int) -> None:
        """It always does."""

    def check(self) -> None:
        """It is ours."""


@dataclass(frozen=True)
class Fleet:
    """What a run is about."""

    workload: Workload
    changed: ChangedCircuits
    workers: int

    def each(self, work: Callable[[ChangedCircuit], Any], circuits: Iterable[ChangedCircuit]) -> None:
        """Side by side; the first failure is raised."""
        with ThreadPoolExecutor(self.workers) as pool:
            list(pool.map(work, circuits))

    def platforms(self) -> list[BatchEndpoints]:
        """Where it serves."""
        targets = [stage.target for stage in self.workload.stages if isinstance(stage.target, BatchEndpointTarget)]
        return [BatchEndpoints(self.workload, loaded(Workspace, target.workspace), target) for target in targets]


def release(fleet: Fleet) -> None:
    """The product's."""
    from flows.release import release as flow

    run = flow.with_options(task_runner=fan_out(fleet.workers))
    state = run(fleet.workload.name, fleet.changed.build_id, "linus", return_state=True)
    if not state.is_completed():
        raise SystemExit(f"the release is {state.name}: {state.message}")


def rollback(fleet: Fleet) -> None:
    """The product's, of production."""
    from flows.rollback import rollback as flow

    run = flow.with_options(task_runner=fan_out(fleet.workers))
    state = run(fleet.workload.name, "production", None, "a benchmark", False, return_state=True)
    if not state.is_completed():
        raise SystemExit(f"the rollback is {state.name}: {state.message}")


def release_floor(fleet: Fleet) -> None:
    """Publish all; at each stage what the product asks of Azure, in the same order."""
    dev, registry, ledger = loaded(Workspace, "dev"), loaded(ModelRegistry, "shared"), loaded(Ledger, "ledger")
    units = [circuit.unit for circuit in fleet.changed.circuits]
    faults_of_registry(ledger, registry, fleet.workload, "registry", units)
    for platform in fleet.platforms():
        faults_of_endpoints(ledger, platform, fleet.workload, "any", units)
    champions_of(fleet.platforms()[-1], units)
    fleet.each(lambda circuit: check_training.fn(dev, fleet.workload, circuit), fleet.changed.circuits)

    def promote(circuit: ChangedCircuit) -> None:
        tags = model_tags(fleet.workload.name, circuit.unit, circuit.cutoff_date, "dev", datetime.now(UTC), FIRST, "1")
        publish_model.fn(dev, registry, circuit, tags)

    faults_of_registry(ledger, registry, fleet.workload, "registry", units)  # whose they are, once more after the gate
    fleet.each(promote, fleet.changed.circuits)
    for platform in fleet.platforms():
        endpoints = [platform.endpoint(circuit.unit) for circuit in fleet.changed.circuits]
        serving_of(platform, endpoints)  # nothing newer is there
        _deploy(fleet, platform, FIRST)
        fleet.each(lambda circuit: check_model.fn(registry, circuit), fleet.changed.circuits)
        serving_of(platform, endpoints)  # what a rollback leads to
        _switch_all(fleet, platform, FIRST)
        serving_of(platform, endpoints)  # whether it switched
        inventories(platform, endpoints)  # what is too old


def supersede(fleet: Fleet) -> None:
    """A second deployment in production."""
    platform = fleet.platforms()[-1]
    _deploy(fleet, platform, SECOND)
    _switch_all(fleet, platform, SECOND)


def rollback_floor(fleet: Fleet) -> None:
    """Read whose it is, what serves and what served before; switch all; read back."""
    platform, units = fleet.platforms()[-1], [circuit.unit for circuit in fleet.changed.circuits]
    faults_of_endpoints(loaded(Ledger, "ledger"), platform, fleet.workload, "production", units)
    standings = standings_of(platform, units)
    back = {standing.unit: standing for standing in standings}

    def one(circuit: ChangedCircuit) -> None:
        standing = back[circuit.unit]
        if standing.previous is None or not standing.previous_ready:
            raise SystemExit(f"{circuit.unit} has nothing to roll back to")
        platform.switch(Nobody(), standing.endpoint, standing.previous)  # type: ignore[arg-type]  # holds nothing

    fleet.each(one, fleet.changed.circuits)
    serving_of(platform, [standing.endpoint for standing in standings])


def _deploy(fleet: Fleet, platform: BatchEndpoints, name: str) -> None:
    registry = loaded(ModelRegistry, "shared").registry_name

    def one(circuit: ChangedCircuit) -> None:
        request = DeploymentRequest(
            endpoint=platform.endpoint(circuit.unit),
            name=deployment_name(name),
            model=f"azureml://registries/{registry}/models/{circuit.model_name}/versions/{circuit.model_version}",
            digest=circuit.model_digest,
            tags=deployment_tags(fleet.workload.name, circuit.cutoff_date, name, datetime.now(UTC)),
            endpoint_tags={"plant_id": circuit.plant_id, "circuit_id": circuit.circuit_id},
        )
        platform.deploy(request)

    fleet.each(one, fleet.changed.circuits)


def _switch_all(fleet: Fleet, platform: BatchEndpoints, name: str) -> None:
    def one(circuit: ChangedCircuit) -> None:
        endpoint = platform.endpoint(circuit.unit)
        platform.switch(Nobody(), endpoint, deployment_name(name))  # type: ignore[arg-type]  # holds nothing

    fleet.each(one, fleet.changed.circuits)


RUNS: dict[str, Callable[[Fleet], None]] = {
    "release": release,
    "release-floor": release_floor,
    "rollback": rollback,
    "rollback-floor": rollback_floor,
    "supersede": supersede,
}


def warm(fleet: Fleet) -> None:
    """Clients, tokens and clusters, which are there once for any number of circuits."""
    for platform in fleet.platforms():
        platform.prepare()
        platform.serving("be-nothing-here")
    loaded(Workspace, "dev").get_client()
    loaded(ModelRegistry, "shared").get_client()


def peak_megabytes() -> float:
    """Of this process since it began; not `ru_maxrss`, which remembers the process that started it."""
    status = Path("/proc/self/status").read_text()
    return float(status.partition("VmHWM:")[2].split()[0]) / 1024


def stolen_seconds() -> float:
    """Processor time that the machine's host gave to others since it started; 0 where it does not say."""
    stat = Path("/proc/stat")
    return int(stat.read_text().split(maxsplit=9)[8]) / os.sysconf("SC_CLK_TCK") if stat.exists() else 0.0


def main() -> None:
    """Run, and say how long it took."""
    run, name, workers = sys.argv[1], sys.argv[2], int(sys.argv[3])
    changed = ChangedCircuits.model_validate_json((workloads.WORKLOADS / name / CHANGED).read_text())
    fleet = Fleet(declared_workload(name), changed, workers)
    warm(fleet)
    started, worked, stolen = time.perf_counter(), time.process_time(), stolen_seconds()
    RUNS[run](fleet)
    seconds, cpu, stolen = time.perf_counter() - started, time.process_time() - worked, stolen_seconds() - stolen
    print(json.dumps({"seconds": seconds, "cpu": cpu, "stolen": stolen, "megabytes": peak_megabytes()}))


if __name__ == "__main__":
    main()

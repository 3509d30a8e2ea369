"""A floor that asked Azure for less than the product does would flatter nobody; one that asked for more would flatter us."""

import re
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.fleet_run import Fleet, release, release_floor, rollback, rollback_floor, supersede, warm
from benchmarks.fleet_workload import candidates, circuit_names, declare
from deployments.environments.environment import load_environment
from deployments.laptop.resources import create_resources
from emulator.controls.journal import Entry
from emulator.server import Emulator
from tasks import workloads

SAME = re.compile(r"batchEndpoints|/models/|/datarefs/")
"""What is asked of every circuit. Polls depend on the clock, and code and environments on who comes first."""
CIRCUITS = 3


def asked(entries: list[Entry], name: str) -> Counter[str]:
    """Requests by what they ask for, whatever the workload's name and the release's."""
    found: Counter[str] = Counter()
    for entry in entries:
        path = re.sub(r"deployment-[0-9.]+", "deployment", entry.path.partition("?")[0].replace(name, "fleet"))
        if SAME.search(path) and "operation" not in path:
            found[f"{entry.method} {entry.host} {path} {entry.status}"] += 1
    return found


@pytest.mark.timeout(300)
def test_the_floor_makes_the_calls_that_the_product_makes(
    environment: str, own_azure: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_resources(load_environment(environment))
    monkeypatch.setattr(workloads, "WORKLOADS", tmp_path)
    control, fleets = own_azure.control, {}
    for name in ("ourfleet", "itsfloor"):
        declare(tmp_path, name, CIRCUITS)
        changed = candidates(tmp_path, name, circuit_names(CIRCUITS), CIRCUITS)
        fleets[name] = Fleet(workloads.declared_workload(name), changed, CIRCUITS)
    warm(fleets["ourfleet"])
    found = {}
    for flow, floor in ((release, release_floor), (rollback, rollback_floor)):
        for name, run in (("itsfloor", floor), ("ourfleet", flow)):
            if flow is rollback:
                supersede(fleets[name])
            control.clear_journal()
            run(fleets[name])
            found[name] = asked(control.journal(), name)
        assert sum(found["itsfloor"].values()) > 4 * CIRCUITS  # there is something to compare
        assert found["ourfleet"] - found["itsfloor"] == Counter()
        assert found["itsfloor"] - found["ourfleet"] == Counter()

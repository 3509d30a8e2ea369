"""How often a release and a rollback ask Azure: a circuit, and a fact of the ledger.

Run: `python -m benchmarks.requests`. The fleet of `benchmarks.fleet` in two sizes on the emulator, which keeps a journal of what it is asked: what
a circuit costs is the difference between the two. Counts, so that a busy machine changes nothing.
"""

import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.fleet_laptop import fleet_laptop
from benchmarks.fleet_run import CHANGED
from benchmarks.fleet_workload import candidates, circuit_names, declare
from deployments.environments.environment import load_environment
from emulator.control_client import Control
from emulator.controls.journal import Entry

SIZES = (4, 12)
"""Circuits. A release of the larger one asks some hundred times less than the journal keeps."""
POLL = re.compile(r"/operation|/runs/")
"""How often somebody looks whether something is done depends on the clock."""
FACT = re.compile(r"/\d{6}\.json$")
"""Of a release, or of a rollback of what no release made, which has a name of its own."""


@dataclass(frozen=True)
class Asked:
    """How often one run asked. ledger: of those, how often the ledger; facts: that it wrote."""

    circuits: int
    all: int
    ledger: int
    facts: int

    @classmethod
    def of(cls, circuits: int, entries: Sequence[Entry], ledger: str) -> "Asked":
        """ledger: the host of its account."""
        kept = [entry for entry in entries if entry.host == ledger]
        facts = [one for one in kept if one.method == "PUT" and one.status == 201 and FACT.search(_path(one))]
        return cls(circuits, sum(not POLL.search(entry.path) for entry in entries), len(kept), len(facts))


def _path(entry: Entry) -> str:
    return entry.path.partition("?")[0]


def row(run: str, less: Asked, more: Asked) -> str:
    """The larger fleet's counts; what a circuit costs, by the difference; what a fact costs."""
    circuit = (more.all - less.all) / (more.circuits - less.circuits)
    fact = more.ledger / more.facts if more.facts else 0.0
    return f"{run:<10}{more.all:>12}{circuit:>15.1f}{more.facts:>9}{more.ledger:>12}{fact:>12.1f}"


def main() -> None:
    """Print a line for each."""
    with fleet_laptop() as (laptop, workloads):
        ledger = load_environment("laptop").ledger.account_url.removeprefix("https://").rstrip("/")
        control = Control(f"http://127.0.0.1:{laptop.emulator_port}")
        found: dict[str, list[Asked]] = {"release": [], "rollback": []}
        for circuits in SIZES:
            name = f"asks{circuits}"
            declare(workloads, name, circuits)
            (workloads / name / CHANGED).write_text(candidates(workloads, name, circuit_names(circuits), 8).to_json())
            for run in ("release", "supersede", "rollback"):
                control.clear_journal()
                command = [sys.executable, "-m", "benchmarks.fleet_run", run, name, "4"]
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                if run in found:
                    found[run].append(Asked.of(circuits, control.journal(), ledger))
    print(f"requests: of {SIZES[1]} circuits; a circuit: the difference to {SIZES[0]}, by circuits")
    print(f"{'':<10}{'requests':>12}{'a circuit':>15}{'facts':>9}{'to ledger':>12}{'a fact':>12}")
    for run, (less, more) in found.items():
        print(row(run, less, more))


if __name__ == "__main__":
    main()

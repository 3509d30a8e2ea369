"""Kills releases and rollbacks wherever they can be killed, while Azure misbehaves, and looks at the fleet afterwards.

`python tests/chaos/chaos.py --kills 200 [--seed 7]`. Each trial: a release (or rollback) is killed by SIGKILL and run
again, several times over; sometimes a newer release comes in between; then it runs to its end. Exit code 1 when a circuit
then serves what it should not, something was switched without approval, or a ledger fails its integrity check.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

TREE = Path(__file__).parents[2]
sys.path[:0] = [str(TREE), str(TREE / "tests"), str(TREE / "tests" / "flows")]

import fleet  # noqa: E402 — found by the line above
from fleet import Run  # noqa: E402
from forked import forked  # noqa: E402
from killing import Boundary, Kill  # noqa: E402
from lane import Lane, say  # noqa: E402
from misbehaving import KINDS  # noqa: E402
from surroundings import load, strip  # noqa: E402
from tour import boundaries_of  # noqa: E402
from trial import Kind, Verdict  # noqa: E402

LANES = ("chaosa", "chaosb")


@dataclass
class Count:
    """What happened in all trials."""

    trials: int = 0
    kills: int = 0
    by_the_clock: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    visited: set[tuple[Kind, Boundary]] = field(default_factory=set)
    violations: list[str] = field(default_factory=list)

    def add(self, verdict: Verdict) -> None:
        """One trial more."""
        self.trials += 1
        self.kills += len(verdict.kills)
        self.by_the_clock += len(verdict.kills) - len(verdict.visited)
        self.faults += verdict.faults
        self.visited |= {(verdict.trial.kind, boundary) for boundary in verdict.visited}
        self.violations += verdict.violations


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=at_least_one, default=200)
    parser.add_argument("--seed", type=int, default=time.time_ns() // 1_000_000_000)
    given = parser.parse_args(arguments)
    say(f"seed {given.seed}, {len(fleet.CIRCUITS)} circuits, {len(LANES)} fleets side by side")
    import_what_runs_import()
    from deployments.laptop.laptop import Laptop
    from deployments.laptop.processes import free_port

    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="chaos-") as folder,
        Laptop(Path(folder), free_port(), free_port()) as laptop,
    ):
        laptop.apply()
        home, control = Path(folder), laptop.emulator_url.removesuffix("/_emulator")
        strip(home, laptop.environment())
        forked(furnish)
        boundaries = undisturbed(home)
        for kind, points in boundaries.items():
            say(f"{kind}: {len(points) // 2} requests that change something")
        say(f"{time.monotonic() - began:.0f} s until here")
        lanes = [
            Lane(home, control, name, share, f"{given.seed} {name}", parts)
            for name, share, parts in zip(LANES, shares(given.kills), divided(boundaries), strict=True)
        ]
        with ProcessPoolExecutor(len(LANES), get_context("fork")) as pool:
            verdicts = [verdict for played in pool.map(play, lanes) for verdict in played]
    return told(verdicts, boundaries, given.kills)


def at_least_one(text: str) -> int:
    """A number of kills; without any there is nothing to see."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} kills show nothing; give 1 or more")
    return number


def import_what_runs_import() -> None:
    """Once, for every process that is forked from this one."""
    import azure.ai.ml
    import azure.storage.blob  # noqa: F401
    import matplotlib.figure  # noqa: F401
    import pandas  # noqa: F401

    import flows.release
    import flows.rollback  # noqa: F401


def furnish() -> None:
    """The subscription and the blocks."""
    from deployments.bootstrap import bootstrap
    from deployments.environments.environment import load_environment
    from deployments.laptop.resources import create_resources

    bootstrap("laptop")
    create_resources(load_environment("laptop"))


def undisturbed(home: Path) -> dict[Kind, tuple[Boundary, ...]]:
    """The boundaries of runs that nothing disturbs, in their order.

    Of a first release only where it differs from all others: it creates the endpoints that they find.
    """
    name = "calm"
    forked(fleet.prepare, home, name)
    first = undisturbed_run(fleet.release, home, name, forked(fleet.candidates, home, name), Kill(), False)
    again = undisturbed_run(fleet.release, home, name, forked(fleet.candidates, home, name), Kill(), False)
    back = undisturbed_run(fleet.roll_back, home, name, Kill())
    endpoints = [(step, nth) for step, nth in first if fleet.ENDPOINT.search(step)]
    return {"first release": boundaries_of(endpoints), "release": boundaries_of(again), "rollback": boundaries_of(back)}


def undisturbed_run(run: Callable[..., Run], *arguments: Any) -> list[tuple[str, int]]:
    """What it sends; where it fails by itself there is no use in disturbing it."""
    ended: Run
    ended, modules = forked(with_modules, run, *arguments)
    load(modules)
    if ended.state not in {"Succeeded", "Completed"}:
        raise SystemExit(f"what nothing disturbed ended {ended.state}: {ended.message}")
    return ended.sent


def with_modules(run: Callable[..., Run], *arguments: Any) -> tuple[Run, list[str]]:
    """How it ended, and everything that was imported for it."""
    return run(*arguments), sorted(sys.modules)


def divided(boundaries: dict[Kind, tuple[Boundary, ...]]) -> list[dict[Kind, tuple[Boundary, ...]]]:
    """A part for each lane, as spread over the run as the whole: of one request the one before it, of the next that after."""
    return [
        {
            kind: tuple(one for place, one in enumerate(points) if (place // 2 + place) % len(LANES) == lane)
            for kind, points in boundaries.items()
        }
        for lane in range(len(LANES))
    ]


def shares(kills: int) -> list[int]:
    """Of each lane; together as many as are wanted."""
    return [len(range(lane, kills, len(LANES))) for lane in range(len(LANES))]


def play(lane: Lane) -> list[Verdict]:
    """A lane's trials."""
    return list(lane.play())


def told(verdicts: Sequence[Verdict], boundaries: dict[Kind, tuple[Boundary, ...]], wanted: int) -> int:
    """The last lines; the exit code."""
    count = Count()
    for verdict in verdicts:
        count.add(verdict)
    for violation in count.violations:
        say(f"VIOLATION: {violation}")
    for kind, points in boundaries.items():
        visited = sum(one == kind for one, _ in count.visited)
        say(f"{kind}: killed at {visited} of {len(points)} boundaries")
    say(f"{count.trials} trials; {count.by_the_clock} kills came by the clock")
    say("faults: " + ", ".join(f"{kind} {count.faults[kind]}" for kind in KINDS))
    if count.kills < wanted:
        say(f"only {count.kills} of {wanted} kills happened; the runs ended before the others")
    say(f"chaos: {count.kills} kills, {sum(count.faults.values())} faults, {len(count.violations)} violations")
    return 1 if count.violations or count.kills < wanted else 0


if __name__ == "__main__":
    sys.exit(main())

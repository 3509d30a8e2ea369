"""Kills releases and rollbacks wherever they can be killed, while Azure misbehaves, and looks at the fleet afterwards.

`python tests/chaos/chaos.py --kills 200 [--seed 7]`. Each trial: a release (or rollback) is killed by SIGKILL, sometimes a
newer release comes next, then the same command runs again to its end. Exit code 1 when a circuit then serves what it
should not, something was switched without approval, or a ledger does not hold together.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

TREE = Path(__file__).parents[2]
sys.path[:0] = [str(TREE), str(TREE / "tests" / "flows")]

import fleet  # noqa: E402 — found by the line above
from forked import Broken, Killed, forked  # noqa: E402
from killing import Kill  # noqa: E402
from trial import Trial, Verdict, play  # noqa: E402

LANES = ("chaosa", "chaosb")


@dataclass
class Count:
    """What happened in all trials."""

    kills: int = 0
    faults: int = 0
    violations: list[str] = field(default_factory=list)

    def add(self, verdict: Verdict) -> None:
        """One trial more."""
        self.kills += verdict.killed
        self.faults += verdict.faults
        self.violations += verdict.violations


def say(line: str) -> None:
    """One line, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=time.time_ns() // 1_000_000_000)
    given = parser.parse_args(arguments)
    chance = random.Random(given.seed)  # noqa: S311 — chooses trials, no secret
    say(f"seed {given.seed}, {len(fleet.CIRCUITS)} circuits, {len(LANES)} fleets side by side")
    import_what_runs_import()
    from deployments.laptop import Laptop
    from deployments.processes import free_port

    count, began = Count(), time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="chaos-") as folder,
        Laptop(Path(folder), free_port(), free_port()) as laptop,
    ):
        laptop.apply()
        home, control = Path(folder), laptop.emulator_url.removesuffix("/_emulator")
        forked(furnish)
        steps = {name: first_release(home, name) for name in LANES}
        say(f"a release makes {steps[LANES[0]]} requests that change something; {time.monotonic() - began:.0f} s")
        trials = list(chosen(given.kills, steps[LANES[0]], chance))
        with ProcessPoolExecutor(len(LANES), get_context("fork")) as pool:
            lanes = [trials[number :: len(LANES)] for number in range(len(LANES))]
            going = [
                pool.submit(play_first, home, control, name, lane) for name, lane in zip(LANES, lanes, strict=True)
            ]
            for future in going:
                for verdict in future.result():
                    count.add(verdict)
    for violation in count.violations:
        say(violation)
    say(f"chaos: {count.kills} kills, {count.faults} faults, {len(count.violations)} violations")
    return 1 if count.violations or not count.kills else 0


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
    from deployments.environment import load_environment
    from deployments.laptop_resources import create_resources

    bootstrap("laptop")
    create_resources(load_environment("laptop"))


def first_release(home: Path, name: str) -> int:
    """The fleet's first release, left alone; how many requests it makes that change something."""
    forked(fleet.prepare, home, name)
    state, message, sent = forked(fleet.release, home, name, forked(fleet.candidates, home, name), Kill())
    if state != "Succeeded":
        raise SystemExit(f"the first release ended {state}: {message}")
    return len(sent)


def chosen(kills: int, steps: int, chance: random.Random) -> Iterator[Trial]:
    """Before and after every request, in random order, again and again, and at random times in between."""
    points: list[Kill] = []
    for number in range(kills):
        if number % 10 in {3, 6, 9}:
            yield Trial(Kill(seconds=chance.uniform(0.2, 12)), chance.random())
            continue
        if not points:
            points = [Kill(at, after) for at in range(1, steps + 1) for after in (False, True)]
            chance.shuffle(points)
        yield Trial(points.pop(), chance.random())


def play_first(home: Path, control: str, name: str, trials: Sequence[Trial]) -> list[Verdict]:
    """The trials of one lane, one after the other."""
    began, verdicts = time.monotonic(), []
    for number, trial in enumerate(trials, 1):
        try:
            verdicts.append(play(home, control, name, trial))
        except (Broken, Killed) as error:
            verdicts.append(Verdict(False, 0, (f"{trial}: {type(error).__name__} {error}",)))
        violated = "".join(f"\n  {one}" for one in verdicts[-1].violations)
        say(f"{name} {number} of {len(trials)}, {time.monotonic() - began:.0f} s: {verdicts[-1].told}{violated}")
    return verdicts


if __name__ == "__main__":
    sys.exit(main())

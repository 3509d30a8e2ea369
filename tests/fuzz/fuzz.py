"""Random histories of the gates: `python tests/fuzz/fuzz.py --histories 10000`. Exit code 1 when one of them went wrong."""

import argparse
import os
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context

import history
from gate_machine import GateMachine
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

BATCH = 250
STEPS = 30
NEEDED = "histories that switched production"
"""Without any, nothing was shown: a machine in which nothing ever switches cannot fail."""


@dataclass
class Report:
    """seen: what happened, and how often. counterexamples: as short as they could be made."""

    seen: Counter[str] = field(default_factory=Counter)
    histories: int = 0
    unapproved: int = 0
    counterexamples: list[str] = field(default_factory=list)

    def add(self, other: "Report") -> None:
        """Both together."""
        self.seen.update(other.seen)
        self.histories += other.histories
        self.unapproved += other.unapproved
        self.counterexamples += other.counterexamples


def play(histories: int, number: int, shrink: bool = True) -> Report:
    """Play so many histories in this process, fewer when one goes wrong.

    number: of the seed; the same number plays the same histories. shrink: make what went wrong as short as it can be.
    """
    history.SEEN.clear()
    report = Report(histories=histories)
    machine = seed(number)(type("GateMachine", (GateMachine,), {}))
    try:
        run_state_machine_as_test(machine, settings=_settings(histories, shrink))
    except BaseExceptionGroup as group:
        for error in group.exceptions:
            _note(report, error, number)
    except Exception as error:  # noqa: BLE001 — whatever goes wrong in a history is what is looked for
        _note(report, error, number)
    report.seen = Counter(history.SEEN)
    return report


def _settings(histories: int, shrink: bool) -> settings:
    return settings(
        max_examples=histories,
        stateful_step_count=STEPS,
        phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
        report_multiple_bugs=shrink,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def _note(report: Report, error: BaseException, number: int) -> None:
    report.unapproved += isinstance(error, history.UnapprovedError)
    report.counterexamples.append(
        f"seed {number}:\n{''.join(traceback.format_exception(error, limit=-1, chain=False))}"
    )


def batches(histories: int, workers: int, first: int) -> Iterator[Report]:
    """Play histories in several processes; yields the report of each batch."""
    sizes = [BATCH] * (histories // BATCH) + ([histories % BATCH] if histories % BATCH else [])
    with ProcessPoolExecutor(workers, mp_context=get_context("fork")) as pool:
        yield from pool.map(play, sizes, range(first, first + len(sizes)))


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--histories", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, default=time.time_ns() // 1_000_000_000, help="of the first batch")
    given = parser.parse_args(arguments)
    whole, began = Report(), time.monotonic()
    say(f"seed {given.seed}, {given.workers} processes")
    for report in batches(given.histories, given.workers, given.seed):
        whole.add(report)
        say(f"{whole.histories} histories, {whole.seen[NEEDED]} switched production, {time.monotonic() - began:.0f} s")
    for what in sorted(whole.seen):
        say(f"  {whole.seen[what]:7} {what}")
    for counterexample in whole.counterexamples:
        say(counterexample)
    if not whole.seen[NEEDED]:
        say("nothing was ever switched, so nothing was shown")
    say(f"fuzz: {whole.histories} histories, {whole.unapproved} unapproved switches")
    return 1 if whole.counterexamples or not whole.seen[NEEDED] else 0


def say(line: str) -> None:
    """One line, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

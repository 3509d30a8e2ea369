"""Changes the gates' code, one place at a time, and sees whether a test of the domain notices.

`python tests/mutants/run.py [--only approval/verdict] [--limit 200]`. Exit code 1 when a change goes unnoticed that survivors.yaml
does not allow, or when that list is out of date.
"""

import argparse
import resource
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing import SimpleQueue, get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from allowed import as_entries, read_allowed, stale
from mutant import Mutant, mutants_of
from workshop import Workshop, import_what_others_made

MODULES = (
    *(
        "promotion/admission",
        "promotion/next_step",
        "promotion/step",
        "promotion/release_state",
        "declaration/gate",
        "declaration/window",
        "ledger/fact",
        "ledger/signature",
        "ledger/trust",
        "ownership",
    ),
    *(
        f"approval/{name}"
        for name in (
            "verdict",
            "decision",
            "statement",
            "quorum",
            "request",
            "request_faults",
            "awaited",
            "approvers",
            "audit",
        )
    ),
    *(
        f"approval/proofs/{name}"
        for name in ("one_time_code", "ssh_signature", "entra_token", "lockout", "enrolment", "single_use")
    ),
)
WORKERS = 2
EVERY = 25
LEAST_SECONDS = 20

workshop: Workshop
"""Each worker process has its own."""


def take_workshop(workshops: Sequence[Workshop], numbers: "SimpleQueue[int]") -> None:
    """What a worker process begins with."""
    global workshop
    workshop = workshops[numbers.get()]


def survives(mutant: Mutant, seconds: float) -> bool:
    """Whether no test notices, in a worker process."""
    return workshop.passes(mutant.module, mutant.code, seconds)


def main() -> int:
    """Make the mutants, try them, say which survive."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=MODULES, metavar="MODULE", help=", ".join(MODULES))
    parser.add_argument("--limit", type=int, help="try no more than so many, spread evenly")
    asked = parser.parse_args()
    allowed, modules = read_allowed(), [f"domain/{name}.py" for name in asked.only or MODULES]
    with TemporaryDirectory(prefix="mutants-") as folder:
        first = Workshop.of_tree(Path(folder, "0"))
        import_what_others_made(first.folder)
        seconds = _seconds_unchanged(first)
        workshops = [first, *(first.copied_to(Path(folder, str(number))) for number in range(1, WORKERS))]
        numbers = get_context("fork").SimpleQueue()
        for number in range(WORKERS):
            numbers.put(number)
        with ProcessPoolExecutor(WORKERS, get_context("fork"), take_workshop, (workshops, numbers)) as pool:
            made = [mutant for some in pool.map(partial(mutants_of, first.folder), modules) for mutant in some]
            tried = _spread(made, asked.limit or len(made))
            say(f"{len(made)} mutants of {len(modules)} modules, of which {len(tried)} are tried")
            lived = _try_all(pool, tried, max(LEAST_SECONDS, 3 * seconds))
    return _conclude(allowed, made, tried, lived)


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _seconds_unchanged(workshop: Workshop) -> float:
    """How many seconds of computing the tests take when nothing is changed, twice; they must pass."""
    passed, printed = workshop.unchanged()
    if not passed:
        raise SystemExit(f"{printed}\nthe tests fail although nothing is changed; mend that first")
    say(f"{printed.strip().splitlines()[-1]}, nothing being changed")
    return _computing()


def _computing() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _spread(mutants: Sequence[Mutant], limit: int) -> list[Mutant]:
    limit = min(limit, len(mutants))
    return [mutants[number * len(mutants) // limit] for number in range(limit)]


def _try_all(pool: ProcessPoolExecutor, mutants: Sequence[Mutant], seconds: float) -> list[Mutant]:
    """Those that survive, in the order given."""
    begun = time.monotonic()
    trials = {pool.submit(survives, mutant, seconds): mutant for mutant in mutants}
    lived: set[Mutant] = set()
    for number, trial in enumerate(as_completed(trials), 1):
        if trial.result():
            lived.add(trials[trial])
        if number % EVERY == 0 or number == len(trials):
            minutes = (time.monotonic() - begun) / 60
            say(f"{number} of {len(trials)} tried, {len(lived)} unnoticed, {minutes:.1f} min")
    return [mutant for mutant in mutants if mutant in lived]


def _conclude(
    allowed: dict[tuple[str, ...], str], made: Sequence[Mutant], tried: Sequence[Mutant], lived: Sequence[Mutant]
) -> int:
    """Print what survived; the exit code."""
    alive = set(lived)
    killed = [mutant for mutant in tried if mutant not in alive]
    survived = [mutant for mutant in lived if mutant.key not in allowed]
    outdated = list(stale(allowed, made, killed, lived))
    if survived:
        say(f"\nNo test notices these:\n{as_entries(survived)}")
    if outdated:
        say("\nsurvivors.yaml is out of date:\n" + "\n".join(outdated))
    say(f"computing: {_computing() / 60:.1f} min")
    say(f"mutants: {len(tried)}, killed {len(killed)}, allowed {len(lived) - len(survived)}, survived {len(survived)}")
    return 1 if survived or outdated else 0


if __name__ == "__main__":
    sys.exit(main())

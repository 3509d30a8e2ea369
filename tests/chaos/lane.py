"""Trials one after the other, on one fleet after another: each begins with its very first release."""

import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import fleet
from chances import chance_of
from fleet import Seen
from forked import Broken, Killed, forked
from killing import Boundary, Kill
from tour import Tour
from trial import Kind, Trial, Verdict, play

from domain.naming import deployment_name

TRIALS_OF_A_FLEET = 6
"""Every run reads the releases before it, so that an old fleet is a slow one."""
ROLLBACKS, BY_THE_CLOCK = 0.25, 0.2
"""Shares: of trials; of kills."""
SECONDS = {"first release": 5.0, "release": 5.0, "rollback": 1.5}
"""A kill by the clock comes before these."""
KILLS = {"first release": (2, 3, 4), "release": (3, 4, 5, 6), "rollback": (1, 2, 3)}
"""How many a trial has."""
TRIALS = 3
"""At most for each kill that is wanted: where hardly any happens, a lane ends all the same."""


@dataclass(frozen=True)
class Lane:
    """One of several that run side by side. kills: as many must have happened before it ends."""

    home: Path
    control: str
    name: str
    kills: int
    seed: str
    boundaries: Mapping[Kind, tuple[Boundary, ...]]

    def play(self) -> Iterator[Verdict]:
        """Trials until the kills have happened."""
        chance = chance_of(self.seed)
        tours = {kind: Tour(boundaries) for kind, boundaries in self.boundaries.items()}
        happened, before, began = 0, None, time.monotonic()
        for number in range(TRIALS * self.kills):
            if happened >= self.kills:
                return
            if number % TRIALS_OF_A_FLEET == 0 or before is None:
                name = f"{self.name}{number}"
                forked(fleet.prepare, self.home, name)
                before = forked(fleet.see, self.home, name)
            trial = _chosen(before, tours, self.kills - happened, chance)
            verdict = _played(self.home, self.control, name, trial, before)
            before = (
                verdict.after if not verdict.violations else None
            )  # a broken fleet would break every trial after it
            happened += len(verdict.kills)
            tours[trial.kind].visits.update(verdict.visited)
            yield verdict
            say(f"{name}, {time.monotonic() - began:.0f} s, {happened} of {self.kills} kills: {verdict.told}")
            for violation in verdict.violations:
                say(f"  VIOLATION: {violation}")


def say(line: str) -> None:
    """One line, at once."""
    print(line, flush=True)  # noqa: T201 — the report


def _chosen(before: Seen, tours: Mapping[Kind, Tour], wanted: int, chance: random.Random) -> Trial:
    kind: Kind = "release" if before.releases else "first release"
    if chance.random() < ROLLBACKS and can_roll_back(before):
        kind = "rollback"
    points = tours[kind].draw(min(wanted, chance.choice(KILLS[kind])), chance)
    kills = [
        Kill(seconds=chance.uniform(0.1, SECONDS[kind])) if chance.random() < BY_THE_CLOCK else Kill(point)
        for point in points
    ]
    return Trial(kind, tuple(kills), chance.random())


def _played(home: Path, control: str, name: str, trial: Trial, before: Seen) -> Verdict:
    """A trial that could not be played to its end is a violation, too."""
    try:
        return play(home, control, name, trial, before)
    except (Broken, Killed) as error:
        return Verdict(trial, violations=(f"{trial}: {type(error).__name__} {error}",), told="it broke")


def can_roll_back(seen: Seen) -> bool:
    """Whether production serves the newest release that succeeded, and one before it succeeded, too."""
    succeeded = [name for name, outcome in seen.outcomes.items() if outcome == "SUCCEEDED"]
    serving = set(seen.serving["production"].values())
    return len(succeeded) > 1 and serving == {deployment_name(succeeded[0])} and succeeded[0] not in seen.held

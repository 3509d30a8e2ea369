"""One trial: something is killed again and again, perhaps while Azure misbehaves; and what comes of it."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import fleet
from chances import chance_of
from fleet import Run, Seen
from forked import Killed, forked
from killing import Boundary, Kill
from misbehaving import Misbehaviour
from violations import though_refused, though_sour, violations_of

from domain.naming import deployment_name

TRIES = 6
"""How often the same command is run again before it counts as stuck."""
OVERTAKEN, REFUSED, SOUR, FAULTY = 0.15, 0.1, 0.15, 0.8
"""Shares of trials."""

Kind = Literal["first release", "release", "rollback"]


@dataclass(frozen=True)
class Trial:
    """What is killed where: after each kill the same command runs again, to the next one. chance: decides all the rest."""

    kind: Kind
    kills: tuple[Kill, ...]
    chance: float


@dataclass(frozen=True)
class Verdict:
    """What came of a trial. kills: those that happened. faults: how often Azure misbehaved, by kind. after: at its end."""

    trial: Trial
    kills: tuple[Kill, ...] = ()
    faults: Counter[str] = field(default_factory=Counter)
    violations: tuple[str, ...] = ()
    told: str = ""
    after: Seen | None = None

    @property
    def visited(self) -> list[Boundary]:
        """Boundaries at which a run was killed."""
        return [kill.at for kill in self.kills if kill.at is not None]


def play(home: Path, control: str, name: str, trial: Trial, before: Seen) -> Verdict:
    """Kill, run again, kill again, run to the end, look. before: what was seen last of the fleet."""
    from emulator.control_client import Control

    chance = chance_of(trial.chance)
    command = _Command(home, name, trial.kind, refused=chance.random() < REFUSED)
    misbehaviour = Misbehaviour(Control(control), name, chance) if chance.random() < FAULTY else None
    overtaken = chance.randrange(len(trial.kills)) if chance.random() < OVERTAKEN else None
    sour = chance.random() < SOUR and overtaken is None and trial.kind != "rollback" and not command.refused
    if sour:
        forked(fleet.turn, home, name, True)
    faults: Counter[str] = Counter()
    kills: list[Kill] = []
    newer = ""
    try:
        run: Run | None = None
        for number, kill in enumerate(trial.kills):
            try:
                run = command.run(kill)
            except Killed:
                kills.append(kill)
            if run is not None and run.is_over:
                break
            if number == overtaken and trial.kind == "release" and command.has_begun(before):
                faults += misbehaviour.end() if misbehaviour else Counter()
                newer = _overtake(home, name)
        run = command.to_its_end(run)
    finally:
        faults += misbehaviour.end() if misbehaviour else Counter()
        if sour:
            forked(fleet.turn, home, name, False)
    after: Seen = forked(fleet.see, home, name)
    found = violations_of(before, after, run.state, run.message, trial.kind == "rollback", newer)
    found += though_refused(after) if command.refused and not newer else []
    found += though_sour(after) if sour else []
    told = f"{trial.kind}{', refused' if command.refused else ''}{', sour' if sour else ''}: {', '.join(map(str, kills)) or 'ended first'}"
    told += f"; overtaken by {newer}" if newer else ""
    told += f"; then {run.state}{f', with faults {dict(faults)}' if faults else ''}"
    told += f" ({run.message.splitlines()[0][:300]})" if run.state in {"Failed", "Crashed"} else ""
    return Verdict(trial, tuple(kills), faults, tuple(found), told, after)


class _Command:
    """What a person runs, and runs again. refused: people say no to production, each time."""

    def __init__(self, home: Path, name: str, kind: Kind, refused: bool) -> None:
        self._home, self._name = home, name
        self._changed = "" if kind == "rollback" else forked(fleet.candidates, home, name)
        self.refused = refused and kind != "rollback"

    def run(self, kill: Kill) -> Run:
        """Once."""
        run: Run = (
            forked(fleet.release, self._home, self._name, self._changed, kill, self.refused)
            if self._changed
            else forked(fleet.roll_back, self._home, self._name, kill)
        )
        return run

    def to_its_end(self, run: Run | None) -> Run:
        """What was killed, or failed technically, runs again, as a person would run it, until it says something definite.

        run: how the last one ended; None where it was killed.
        """
        for _ in range(TRIES):
            if run is not None and run.is_over:
                return run
            run = self.run(Kill())
        assert run is not None
        return run

    def has_begun(self, before: Seen) -> bool:
        """Whether there is a release to be overtaken."""
        seen: Seen = forked(fleet.see, self._home, self._name)
        return seen.releases != before.releases


def _overtake(home: Path, name: str) -> str:
    """A newer release comes before what was killed runs again; the deployment that it makes."""
    run = _Command(home, name, "release", refused=False).to_its_end(None)
    seen: Seen = forked(fleet.see, home, name)
    return deployment_name(seen.releases[0]) if run.state == "Succeeded" else f"none: {run.state}: {run.message}"

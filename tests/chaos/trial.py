"""One trial: something is killed, perhaps while Azure misbehaves; what comes next; and what must hold afterwards."""

import random
from dataclasses import dataclass
from pathlib import Path

import fleet
from fleet import Seen
from forked import Killed, forked
from killing import Kill

TRIES = 4
"""How often the same command is run again before it counts as stuck."""
ROLLBACKS, OVERTAKEN, FAULTY = 0.2, 0.2, 0.6
"""Shares of trials."""


@dataclass(frozen=True)
class Trial:
    """What is killed where; chance: decides all the rest."""

    kill: Kill
    chance: float


@dataclass(frozen=True)
class Verdict:
    """What came of a trial. faults: how often Azure misbehaved. told: in one line."""

    killed: bool
    faults: int
    violations: tuple[str, ...]
    told: str = ""


def play(home: Path, control: str, name: str, trial: Trial) -> Verdict:
    """Kill, run again to the end, look."""
    chance = random.Random(trial.chance)  # noqa: S311 — chooses trials, no secret
    before: Seen = forked(fleet.see, home, name)
    rolled_back = chance.random() < ROLLBACKS and _can_roll_back(before)
    changed = "" if rolled_back else forked(fleet.candidates, home, name)
    wanted = _misbehave(control, name, chance) if chance.random() < FAULTY else []
    killed, ended = False, ("", "")
    try:
        ended = _once(home, name, changed, trial.kill)
    except Killed:
        killed = True
    told = [f"{'rollback' if rolled_back else 'release'} {trial.kill if killed else 'ended first'}"]
    happened = _behave(control, name)
    newer = ""
    if not rolled_back and killed and chance.random() < OVERTAKEN:
        begun = forked(fleet.see, home, name).releases[0] != before.releases[0]
        newer = _overtake(home, name, told) if begun else ""
    state, message = _to_the_end(home, name, changed, ended)
    after: Seen = forked(fleet.see, home, name)
    told.append(f"then {state}{f', with {happened} faults of {wanted}' if wanted else ''}")
    violations = [*_mixed(after), *after.faults, *_unapproved(after)]
    violations += _wrong_end(before, after, state, message, rolled_back, newer)
    return Verdict(killed, happened, tuple(violations), "; ".join(told))


def _once(home: Path, name: str, changed: str, kill: Kill) -> tuple[str, str]:
    state, message, _ = (
        forked(fleet.release, home, name, changed, kill) if changed else forked(fleet.roll_back, home, name, kill)
    )
    return state, message


def _to_the_end(home: Path, name: str, changed: str, ended: tuple[str, str]) -> tuple[str, str]:
    """What was killed, or failed technically, runs again, as a person would run it, until it says something definite."""
    for _ in range(TRIES):
        state, message = ended
        if state and "run the same command again" not in message and "Run it again" not in message:
            break
        ended = _once(home, name, changed, Kill())
    return ended


def _overtake(home: Path, name: str, told: list[str]) -> str:
    """A newer release comes before what was killed runs again; the deployment that it makes."""
    state, message = _once(home, name, forked(fleet.candidates, home, name), Kill())
    told.append(f"a newer one {state}")
    seen: Seen = forked(fleet.see, home, name)
    return f"deployment-{seen.releases[0]}" if state == "Succeeded" else f"none: {state}: {message}"


def _can_roll_back(seen: Seen) -> bool:
    """Whether production serves the newest release, and one before it succeeded."""
    succeeded = [name for name, outcome in seen.outcomes.items() if outcome == "SUCCEEDED"]
    serving = set(seen.serving["production"].values())
    return len(succeeded) > 1 and serving == {f"deployment-{succeeded[0]}"} and succeeded[0] not in seen.held


def _misbehave(control: str, name: str, chance: random.Random) -> list[str]:
    from emulator.remote_control import Control

    endpoints, azure = f"batchEndpoints/be-{name}", Control(control)
    faults: dict[str, dict[str, object]] = {
        "throttle": {"path": endpoints, "times": chance.randint(1, 20), "retry_after": 0.2},
        "server_error": {"path": endpoints, "times": chance.randint(1, 6)},
        "reset": {"path": endpoints, "times": chance.randint(1, 3)},
        "lost_answer": {"path": f"{endpoints}|ledger/{name}/", "method": "PUT", "times": chance.randint(1, 3)},
        "failed_operation": {"path": rf"{endpoints}-[a-z0-9]+(/deployments/[^/]+)?$", "times": 1},
        "silent_no_op": {"path": rf"mlw-prod/{endpoints}-[a-z0-9]+$", "times": chance.randint(1, 2)},
        "slow": {"path": f"{endpoints}|ledger/{name}/", "method": "GET", "times": chance.randint(1, 8), "seconds": 0.4},
    }
    wanted = chance.sample(sorted(faults), chance.randint(1, 3))
    for kind in wanted:
        azure.add_fault(kind, **faults[kind])  # type: ignore[arg-type]  # as its signature says
    return wanted


def _behave(control: str, name: str) -> int:
    """No more faults; how often this fleet's happened. Those of the other fleet go, too: less chaos for it, never more."""
    from emulator.remote_control import Control

    azure = Control(control)
    happened = sum(fault.happened for fault in azure.faults() if name in fault.path)
    azure.clear_faults()
    return happened


def _mixed(seen: Seen) -> list[str]:
    return [
        f"{stage} serves different releases: {serving}"
        for stage, serving in seen.serving.items()
        if len(set(serving.values())) != 1
    ]


def _unapproved(seen: Seen) -> list[str]:
    serving = {str(one).removeprefix("deployment-") for one in seen.serving["production"].values()}
    read = set(seen.releases[: fleet.NEWEST])
    return [f"production serves {one}, which nobody approved" for one in (serving & read) - seen.approved]


def _wrong_end(before: Seen, after: Seen, state: str, message: str, rolled_back: bool, newer: str) -> list[str]:
    """Whether production serves what the end of the run says."""
    old, new = set(before.serving["production"].values()), set(after.serving["production"].values())
    newest = {f"deployment-{after.releases[0]}"}
    if newer:
        expected = {newer}
    elif rolled_back:
        (left,) = {str(one).removeprefix("deployment-") for one in old}
        if left not in after.held:
            return [f"{left} was rolled back and is not held ({state}: {message})"]
        return [] if new != old else [f"production still serves {old} after {state}: {message}"]
    elif state == "Succeeded" or after.outcomes.get(after.releases[0]) == "SUCCEEDED":
        expected = newest
    elif state == "Failed" and after.outcomes.get(after.releases[0]) == "FAILED":
        expected = old
    else:
        return [f"it came to no end: {state}: {message}"]
    return [] if new == expected else [f"production serves {new}, not {expected}, after {state}: {message}"]

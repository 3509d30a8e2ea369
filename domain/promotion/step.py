"""What can happen next to a release: the steps, of which `next_step` returns one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.declaration.stage import Stage
from domain.outcome import ReleaseOutcome


class Look(StrEnum):
    """What can be looked at, because it is not in the ledger."""

    SERVING = "what serves"
    ADMISSION = "whether the stage admits the release"


class Work(StrEnum):
    """What is done for every circuit at a stage that is held, in this order, before its switch."""

    DEPLOY = "deploy"
    VERIFY = "verify"
    REPLAY = "replay"
    CHECK = "check"


@dataclass(frozen=True)
class Finish:
    """The release ends. revert: first what it has half done at the stage is undone."""

    stage: Stage
    outcome: ReleaseOutcome
    revert: bool = False


@dataclass(frozen=True)
class Observe:
    """Look at something and ask again."""

    stage: Stage
    at: Look


@dataclass(frozen=True)
class Ask:
    """Ask people at the stage's gate."""

    stage: Stage


@dataclass(frozen=True)
class Refuse:
    """Stop, and end nothing: with another answer of the stage the release goes on."""

    stage: Stage
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Wait:
    """Leave the stage free until then. why: a wave soaks, or the stage is closed for now."""

    stage: Stage
    until: datetime
    why: str


@dataclass(frozen=True)
class TakeStage:
    """Take the stage, and finish what holders before left half switched."""

    stage: Stage


@dataclass(frozen=True)
class Publish:
    """Publish models or build images: what stages above serve from."""

    stage: Stage


@dataclass(frozen=True)
class Do:
    """Work on every circuit that has not failed and was not switched."""

    stage: Stage
    work: Work


@dataclass(frozen=True)
class Drop:
    """Go on without circuits that failed alone. failures: circuit → why."""

    stage: Stage
    failures: Mapping[str, str]


@dataclass(frozen=True)
class Switch:
    """Switch a wave, or go on with its switch. circuits: none where all that were left have failed. left: waves after it."""

    stage: Stage
    circuits: tuple[str, ...]
    wave: int
    left: int
    soak_minutes: float


@dataclass(frozen=True)
class Revert:
    """Undo what the release has switched at the stage and not finished, and remove what it deployed there, where so declared."""

    stage: Stage
    reason: str


@dataclass(frozen=True)
class CleanUp:
    """Remove what is old, and tell."""

    stage: Stage


Step = Finish | Observe | Ask | Refuse | Wait | TakeStage | Publish | Do | Drop | Switch | Revert | CleanUp

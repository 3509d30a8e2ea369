"""The point where approvers decide, and by which rules."""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from domain.declaration.window import Window
from domain.identifiers import GroupName

Name = Annotated[str, Field(min_length=1, max_length=200)]


VALID_MINUTES = 1440
MOST_STRETCHES = 100
"""Freezes and windows that are looked through for the next moment that is free of one and in the other."""


class Role(StrEnum):
    """What somebody had to do with a release."""

    REQUESTER = "requester"
    COMMIT_AUTHOR = "commit_author"
    DATA_PUBLISHER = "data_publisher"


class ProofKind(StrEnum):
    """How an approver proves who they are: by an SSH signature, an Entra ID token, or a code of their authenticator."""

    SSH = "ssh"
    ENTRA = "entra"
    ONE_TIME_CODE = "one_time_code"

    @property
    def named(self) -> str:
        """In a sentence."""
        return {"ssh": "an SSH signature", "entra": "an Entra ID token", "one_time_code": "a one-time code"}[self]


def _is_unset(value: object) -> bool:
    return value is None


class Part(BaseModel):
    """A section of the declaration: no unknown keys, never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Rule(Part):
    """How many members of a group must approve, and who of them in any case."""

    group: GroupName
    approvals: int = Field(default=1, ge=1, le=20)
    required: tuple[Name, ...] = Field(default=(), max_length=20)

    @model_validator(mode="after")
    def _room_for_all(self) -> "Rule":
        if tuple(dict.fromkeys(self.required)) != self.required:
            raise ValueError("required: somebody is named twice")
        if len(self.required) > self.approvals:
            raise ValueError(f"required names {len(self.required)} people, but approvals is {self.approvals}")
        return self


class BreakGlass(Part):
    """Whose members may let a release pass at once: without quorum, windows and separation, but with proof and reason."""

    group: GroupName


class Gate(Part):
    """A gate of a stage: every rule must be met.

    not_by: whose approval does not count. proofs: the kinds that count for an approval, all where none is named; a rejection counts by any.
    windows: only then may the stage change, always where none is declared.
    freezes: never then; they win over windows. timeout_minutes: after which the release is EXPIRED.
    valid_minutes: how long after that an approval still opens the stage, because deploying takes its time.
    """

    name: str = Field(min_length=1, max_length=100)
    rules: tuple[Rule, ...] = Field(min_length=1, max_length=10)
    not_by: tuple[Role, ...] = (Role.REQUESTER, Role.COMMIT_AUTHOR, Role.DATA_PUBLISHER)
    proofs: tuple[ProofKind, ...] | None = Field(default=None, min_length=1, max_length=3, exclude_if=_is_unset)
    windows: tuple[Window, ...] = Field(default=(), max_length=20)
    freezes: tuple[Window, ...] = Field(default=(), max_length=50)
    break_glass: BreakGlass | None = None
    timeout_minutes: int = Field(default=1440, ge=1, le=60 * 24 * 30)
    valid_minutes: int = Field(default=VALID_MINUTES, ge=1, le=60 * 24 * 7)
    instructions: str = Field(min_length=1, max_length=4000)
    checklist: tuple[Annotated[str, Field(min_length=1, max_length=500)], ...] = Field(default=(), max_length=20)

    @model_validator(mode="after")
    def _required_once(self) -> "Gate":
        named = [name for rule in self.rules for name in rule.required]
        twice = sorted({name for place, name in enumerate(named) if name in named[:place]})
        if twice:
            raise ValueError(
                f"rules: {', '.join(twice)} cannot be required in two rules, because each approver counts for one; "
                "require each person in one rule only"
            )
        return self

    def takes(self, kind: ProofKind) -> bool:
        """Whether an approval that is proven so counts."""
        return self.proofs is None or kind in self.proofs

    @property
    def proofs_taken(self) -> str:
        """In a sentence: `an SSH signature or an Entra ID token`."""
        return " or ".join(kind.named for kind in ProofKind if self.takes(kind))

    @property
    def groups(self) -> tuple[str, ...]:
        """Every group that the gate names, once."""
        named = [rule.group for rule in self.rules]
        named += [self.break_glass.group] if self.break_glass is not None else []
        return tuple(dict.fromkeys(named))

    def opens_at(self, moment: datetime) -> datetime | None:
        """When the stage may change: the moment itself, or the first after it; None where that is never, or too far off to see."""
        for _ in range(MOST_STRETCHES):
            frozen = [freeze.end_of(moment) for freeze in self.freezes if freeze.holds(moment)]
            if frozen:
                moment = max(frozen)
            elif not self.windows or any(window.holds(moment) for window in self.windows):
                return moment
            else:
                starts = [start for window in self.windows if (start := window.next_start(moment)) is not None]
                if not starts:
                    return None
                moment = min(starts)
        return None

    def closures(self, moment: datetime) -> Iterator[str]:
        """Every reason why the stage may not change at a moment."""
        for freeze in self.freezes:
            if freeze.holds(moment):
                why = f" ({freeze.reason})" if freeze.reason else ""
                yield f"there is a freeze{why} until {freeze.end_of(moment):%Y-%m-%d %H:%M} UTC"
        if self.windows and not any(window.holds(moment) for window in self.windows):
            starts = [start for window in self.windows if (start := window.next_start(moment)) is not None]
            when = f"the next one opens at {min(starts):%Y-%m-%d %H:%M} UTC" if starts else "none follows"
            yield f"it is outside the stage's windows; {when}"

"""A fleet switches as one: what each endpoint served, what it is to serve, and the way back, written down beforehand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from domain.errors import Terminal
from domain.fact import Fact, Kind
from domain.naming import release_of
from domain.release import NAME, release_order

ENDS = (Kind.SWITCHED, Kind.ROLLED_BACK)


@dataclass(frozen=True)
class Switch:
    """One endpoint's change of default. before, after: deployments; None where it serves nothing."""

    endpoint: str
    before: str | None
    after: str | None


class Journal(BaseModel):
    """The body of a journal fact: a switch that has begun. It stays open until the stage is switched or rolled back.

    before, after: endpoint → deployment. back: it undoes what was switched, because of `reason`, and is never undone
    itself. hold: the release is kept from the stage afterwards. passed_over: freezes and windows, from which a way back is
    exempt. fence: the fencing number of whoever began it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: str
    before: dict[str, str | None] = Field(default_factory=dict)
    after: dict[str, str | None] = Field(default_factory=dict)
    fence: int
    back: bool = False
    hold: bool = False
    reason: str = ""
    passed_over: tuple[str, ...] = ()

    def switches(self) -> tuple[Switch, ...]:
        """In order of the endpoints' names; on the way back in reverse."""
        endpoints = sorted(self.after, reverse=self.back)
        return tuple(Switch(endpoint, self.before.get(endpoint), self.after[endpoint]) for endpoint in endpoints)

    def undone(self, reason: str, fence: int) -> "Journal":
        """The way back from it."""
        return Journal(stage=self.stage, before=self.after, after=self.before, fence=fence, back=True, reason=reason)

    def differences(self, serving: Mapping[str, str | None]) -> dict[str, str]:
        """Endpoint → what the read-back shows otherwise than planned."""
        return {
            one.endpoint: f"serves {serving.get(one.endpoint) or 'nothing'}, not {one.after or 'nothing'}"
            for one in self.switches()
            if serving.get(one.endpoint) != one.after
        }


def last_journal(facts: Sequence[Fact], stage: str) -> Journal | None:
    """What was begun last at a stage; None before the first switch."""
    found = [fact for fact in facts if fact.kind is Kind.JOURNAL and fact.stage == stage]
    if not found:
        return None
    try:
        return Journal.model_validate(found[-1].body)
    except ValidationError as error:
        raise Terminal(
            f"the journal in fact {found[-1].sequence} of release {found[-1].release} cannot be read, so nobody knows what "
            f"{stage} is to serve. See `signalbox audit {found[-1].release}`, then switch by hand."
        ) from error


def open_journal(facts: Sequence[Fact], stage: str) -> Journal | None:
    """The switch that was begun at a stage and not ended; None where there is none."""
    for fact in reversed(facts):
        if fact.stage == stage and fact.kind in ENDS:
            return None
        if fact.stage == stage and fact.kind is Kind.JOURNAL:
            return last_journal(facts, stage)
    return None


def newer_releases(serving: Mapping[str, str | None], release: str) -> dict[str, str]:
    """Endpoint → the release it serves, where that is newer. What was deployed by hand under another name is no release."""
    served = {endpoint: release_of(deployment) for endpoint, deployment in serving.items() if deployment}
    return {
        endpoint: name
        for endpoint, name in served.items()
        if NAME.fullmatch(name) and release_order(name) > release_order(release)
    }

"""A fleet switches as one: what each endpoint served, what it is to serve, and how to roll back, written down beforehand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from domain.declaration.place import Place
from domain.errors import Terminal
from domain.ledger.fact import Fact, Kind, facts_of
from domain.naming import release_of
from domain.release_name import NAME, release_order

ENDS = (Kind.SWITCHED, Kind.ROLLED_BACK)


@dataclass(frozen=True)
class EndpointSwitch:
    """One endpoint's change of default. before, after: deployments; None where it serves nothing."""

    endpoint: str
    before: str | None
    after: str | None


class Journal(BaseModel):
    """The body of a journal fact: a switch that has begun. It stays open until the stage is switched or rolled back.

    before, after: endpoint → deployment. alone: a circuit that fails is rolled back by itself; dropped: endpoint → why it did.
    back: it undoes what was switched, because of `reason`, and is never undone itself. hold: the release is kept from the
    stage afterwards. passed_over: freezes and windows, from which a rollback is exempt. fence: the fencing token of
    whoever began it. place: where; None where it was not written down.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: str
    before: dict[str, str | None] = Field(default_factory=dict)
    after: dict[str, str | None] = Field(default_factory=dict)
    fence: int
    alone: bool = False
    dropped: dict[str, str] = Field(default_factory=dict)
    back: bool = False
    hold: bool = False
    reason: str = ""
    passed_over: tuple[str, ...] = ()
    place: Place | None = Field(default=None, exclude_if=lambda value: value is None)

    def switches(self) -> tuple[EndpointSwitch, ...]:
        """In order of the endpoints' names; at a rollback in reverse."""
        endpoints = sorted(self.after, reverse=self.back)
        return tuple(
            EndpointSwitch(endpoint, self.before.get(endpoint), self.after[endpoint]) for endpoint in endpoints
        )

    def dropping(self, failures: Mapping[str, str], fence: int) -> "Journal":
        """The same switch without the endpoints that failed: they serve again what they served before."""
        after = {**self.after, **{endpoint: self.before.get(endpoint) for endpoint in failures}}
        return self.model_copy(update={"after": after, "dropped": {**self.dropped, **failures}, "fence": fence})

    def differences(self, serving: Mapping[str, str | None]) -> dict[str, str]:
        """Endpoint → what the read-back shows otherwise than planned."""
        return {
            one.endpoint: f"serves {serving.get(one.endpoint) or 'nothing'} after it was switched to {one.after or 'nothing'}: "
            "Azure accepted that but did not do it, or somebody else switched it; look at the endpoint in the studio"
            for one in self.switches()
            if serving.get(one.endpoint) != one.after
        }


def last_journal(facts: Sequence[Fact], stage: str) -> Journal | None:
    """What was begun last at a stage; None before the first switch."""
    found = facts_of(facts, Kind.JOURNAL, stage)
    return _journal(found[-1]) if found else None


def _journals(facts: Sequence[Fact], stage: str) -> list[Journal]:
    return [_journal(fact) for fact in facts_of(facts, Kind.JOURNAL, stage)]


def _journal(fact: Fact) -> Journal:
    try:
        return Journal.model_validate(fact.body)
    except ValidationError as error:
        raise Terminal(
            f"the journal in fact {fact.sequence} of release {fact.release} cannot be read, so nobody knows what "
            f"{fact.stage} is to serve. See `signalbox audit {fact.release} --workload {fact.workload}`, then switch by hand."
        ) from error


def open_journal(facts: Sequence[Fact], stage: str) -> Journal | None:
    """The switch that was begun at a stage and not ended; None where there is none."""
    for fact in reversed(facts):
        if fact.stage == stage and fact.kind in ENDS:
            return None
        if fact.stage == stage and fact.kind is Kind.JOURNAL:
            return last_journal(facts, stage)
    return None


def rollback_journal(facts: Sequence[Fact], stage: str, reason: str, fence: int, hold: bool = False) -> Journal:
    """From everything that the release has switched at the stage, in all waves: a fleet moves as one.

    Where circuits move alone, from what is half done only.
    """
    forth = [one for one in _journals(facts, stage) if not one.back]
    if forth and forth[-1].alone:
        forth = forth[-1:]
    before: dict[str, str | None] = {}
    after: dict[str, str | None] = {}
    for journal in forth:
        before |= journal.after
        after = journal.before | after  # what served before the first of them
    place = forth[-1].place if forth else None
    return Journal(
        stage=stage, before=before, after=after, fence=fence, back=True, hold=hold, reason=reason, place=place
    )


def switched_endpoints(facts: Sequence[Fact], stage: str) -> frozenset[str]:
    """Those that waves before have switched."""
    return frozenset(
        endpoint for fact in facts_of(facts, Kind.SWITCHED, stage) for endpoint in fact.body.get("after") or {}
    )


def rolled_back_endpoints(facts: Sequence[Fact], stage: str) -> dict[str, str | None]:
    """Endpoint → what it was rolled back to, of those that a release served at the stage before it was taken from them."""
    served: set[str] = set()
    back: dict[str, str | None] = {}
    for fact in facts:
        if fact.stage == stage and fact.kind is Kind.SWITCHED:
            served |= set(fact.body.get("after") or {})
        elif fact.stage == stage and fact.kind is Kind.ROLLED_BACK:
            back |= {endpoint: to for endpoint, to in (fact.body.get("after") or {}).items() if endpoint in served}
    return back


def is_part_switched(facts: Sequence[Fact], stage: str) -> bool:
    """Whether some circuits serve and others wait for their wave: also after a person took back some of those that serve."""
    switched = facts_of(facts, Kind.SWITCHED, stage)
    if not switched or not switched[-1].body.get("left") or "unconfirmed" in switched[-1].body:
        return False
    return bool(switched_endpoints(facts, stage) - rolled_back_endpoints(facts, stage).keys())


def is_between_waves(facts: Sequence[Fact], stage: str) -> bool:
    """Whether some waves have switched and others have not."""
    ends = [fact for fact in facts if fact.kind in ENDS and fact.stage == stage]
    return bool(ends) and ends[-1].kind is Kind.SWITCHED and bool(ends[-1].body.get("left"))


def is_switched(facts: Sequence[Fact], stage: str) -> bool:
    """Whether all waves have switched, and answer as they should."""
    return any(
        not fact.body.get("left") and not fact.body.get("unconfirmed") for fact in facts_of(facts, Kind.SWITCHED, stage)
    )


def newer_releases(serving: Mapping[str, str | None], release: str) -> dict[str, str]:
    """Endpoint → the release it serves, where that is newer. What was deployed by hand under another name is no release."""
    served = {endpoint: release_of(deployment) for endpoint, deployment in serving.items() if deployment}
    return {
        endpoint: name
        for endpoint, name in served.items()
        if NAME.fullmatch(name) and release_order(name) > release_order(release)
    }

"""Whether a stage admits a release: one pure method over the facts, which says every reason why not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.approval.approvers import EnrolledApprovers
from domain.approval.verdict import judge
from domain.declaration.stage import Stage
from domain.ledger.fact import Fact, Kind, chain_faults, facts_of
from domain.release.hold import unhold_command
from domain.release.manifest import Release


@dataclass(frozen=True)
class Admission:
    """Allowed, or every reason why not."""

    reasons: tuple[str, ...]

    @property
    def allowed(self) -> bool:
        """Whether there is no reason against it."""
        return not self.reasons


def admit(
    stage: Stage,
    before: Sequence[Stage],
    release: Release,
    facts: Sequence[Fact],
    approvers: EnrolledApprovers,
    now: datetime,
) -> Admission:
    """May this release go to this stage now? before: the stages below; facts: of this release, in order."""
    return Admission(
        (
            *(f"ledger integrity check failed: {fault}" for fault in chain_faults(facts)),
            *_not_requested(release, facts),
            *_over_or_held(stage, release, facts),
            *(reason for lower in before for reason in _not_verified(lower, stage, facts)),
            *judge(stage, release, facts, approvers, now).reasons,
        )
    )


def _not_requested(release: Release, facts: Sequence[Fact]) -> Iterator[str]:
    if any((fact.workload, fact.release) != (release.workload, release.name) for fact in facts):
        yield f"the facts are not all of release {release.name} of {release.workload}; read only that release's"
    requested = facts_of(facts, Kind.REQUESTED)
    if not requested:
        yield f"release {release.name} was never requested; start it with the release flow"
    for fact in requested[1:]:
        yield f"release {release.name} was requested again by fact {fact.sequence}; a release is requested once"
    if requested and requested[0].body.get("digest") != release.digest:
        yield f"what was requested is {requested[0].body.get('digest')}, but this is {release.digest}: it was changed"


def _over_or_held(stage: Stage, release: Release, facts: Sequence[Fact]) -> Iterator[str]:
    for fact in facts_of(facts, Kind.ENDED):
        yield f"release {release.name} has ended {fact.body.get('outcome')}; make a new release"
    for fact in facts_of(facts, Kind.HELD):
        if fact.stage in {None, stage.name}:
            yield (
                f"{fact.stage or 'every stage'} is held: {fact.body.get('reason')}; release newer models, or these again after "
                f"{unhold_command(release.name, release.workload)}"
            )


def _not_verified(lower: Stage, stage: Stage, facts: Sequence[Fact]) -> Iterator[str]:
    """What happened last at the lower stage counts: what was verified and then rolled back is not verified."""
    outcomes = [fact for fact in facts if fact.kind in {Kind.VERIFIED, Kind.ROLLED_BACK} and fact.stage == lower.name]
    if not outcomes:
        yield f"stage {lower.name} is not verified; it comes before {stage.name}"
    elif outcomes[-1].kind is Kind.ROLLED_BACK:
        yield f"stage {lower.name} was rolled back: {outcomes[-1].body.get('reason')}; it comes before {stage.name}"
    elif outcomes[-1].body.get("passed") is not True:
        yield f"stage {lower.name} did not pass its verification; it comes before {stage.name}"

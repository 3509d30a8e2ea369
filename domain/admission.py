"""Whether a stage admits a release: one pure method over the facts, which says every reason why not."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.decision import Choice, Decision
from domain.fact import Fact, Kind, chain_faults, facts_of
from domain.release import Release
from domain.stage import Stage


@dataclass(frozen=True)
class Admission:
    """Allowed, or every reason why not."""

    reasons: tuple[str, ...]

    @property
    def allowed(self) -> bool:
        """Whether there is no reason against it."""
        return not self.reasons


def admit(stage: Stage, before: Sequence[Stage], release: Release, facts: Sequence[Fact]) -> Admission:
    """May this release go to this stage now? before: the stages below; facts: of this release, in order."""
    reasons = [f"the ledger does not hold together: {fault}" for fault in chain_faults(facts)]
    requested = facts_of(facts, Kind.REQUESTED)
    if not requested:
        reasons.append(f"release {release.name} was never requested; start it with `signalbox release`")
    elif requested[0].body.get("digest") != release.digest:
        reasons.append(
            f"what was requested is {requested[0].body.get('digest')}, and this is {release.digest}: it was changed"
        )
    for fact in facts_of(facts, Kind.ENDED):
        reasons.append(f"release {release.name} has ended {fact.body.get('outcome')}; make a new release")
    for fact in facts_of(facts, Kind.HELD, stage.name):
        reasons.append(f"{stage.name} is held: {fact.body.get('reason')}; make a new release")
    for lower in before:
        if not facts_of(facts, Kind.VERIFIED, lower.name):
            reasons.append(f"stage {lower.name} is not verified; it comes before {stage.name}")
    if stage.gate is not None:
        reasons += _gate_reasons(stage, release, facts)
    return Admission(tuple(reasons))


def _gate_reasons(stage: Stage, release: Release, facts: Sequence[Fact]) -> list[str]:
    if stage.gate is None:
        return []
    decisions = [Decision.model_validate(fact.body) for fact in facts_of(facts, Kind.DECIDED, stage.name)]
    here = [decision for decision in decisions if decision.gate == stage.gate.name]
    reasons = [
        f"{decision.approver} rejected it at {decision.gate}: {decision.comment}"
        for decision in here
        if decision.choice is Choice.REJECT
    ]
    approved = [decision for decision in here if decision.choice is Choice.APPROVE]
    if not approved and not reasons:
        reasons.append(f"nobody has approved it at {stage.gate.name}; a member of {stage.gate.group} must")
    if approved and all(decision.release_digest != release.digest for decision in approved):
        reasons.append(
            f"the approval at {stage.gate.name} is about {approved[-1].release_digest}, not {release.digest}: approve again"
        )
    return reasons

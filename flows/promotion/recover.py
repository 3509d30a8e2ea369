"""What ends a release at a stage before anybody is asked or anything is done there."""

from collections.abc import Sequence

from blocks.ledger import Ledger
from domain.declaration.stage import Stage
from domain.declaration.target import ServingTarget
from domain.declaration.workload import Workload
from domain.ledger.fact import Kind, facts_of
from domain.outcome import Outcome, ReleaseOutcome
from domain.release.failed_units import active_units
from domain.release.manifest import Release
from domain.rollout.switch import is_between_waves, is_switched, newer_releases, open_journal
from domain.text import listed_reasons
from flows.promotion.manifest import ONLY
from flows.rollout.finish import discard_failed
from flows.rollout.switch import roll_back
from flows.stage.admit import admission_of
from flows.stage.stage_run import serving_run
from tasks.ledger.facts import read_facts
from tasks.platforms import platform_of
from tasks.targets.serving import serving_of


def recover(
    ledger: Ledger, workload: Workload, release: Release, stage: Stage, before: Sequence[Stage]
) -> ReleaseOutcome | None:
    """An ending where the stage was rolled back before, must be first, or serves a newer release."""
    if not isinstance(stage.target, ServingTarget):
        return None
    ending = ended_by_rollback(ledger, workload, release, stage, before)
    if ending is not None or stage.gate is None:  # whoever carries the release asks again, holding the stage
        return ending
    return superseded(ledger, workload, release, stage.name, stage.target)


def superseded(
    ledger: Ledger, workload: Workload, release: Release, stage: str, target: ServingTarget
) -> ReleaseOutcome | None:
    """An ending where a newer release serves one of the circuits: nothing older is put over it.

    A release that is in the midst of a switch, or has switched all, goes on.
    """
    facts = read_facts(ledger, release.workload, release.name)
    if open_journal(facts, stage) is not None or is_switched(facts, stage):
        return None
    platform = platform_of(workload, target)
    endpoints = [platform.endpoint(unit.unit) for unit in active_units(release, facts)]
    newer = newer_releases(serving_of(platform, endpoints), release.name)
    if workload.stage(stage).gate is None:  # a version that anybody may choose there ends no release
        newer = {at: name for at, name in newer.items() if not _is_chosen(ledger, workload.name, name)}
    if not newer:
        return None
    shown = listed_reasons({endpoint: f"serves release {name}" for endpoint, name in newer.items()})
    return ReleaseOutcome(
        Outcome.SUPERSEDED,
        f"{stage} serves newer releases than {release.name}: {shown}. Nothing was changed; to put an older version "
        "there, ask for it by name with `signalbox deploy-version`",
    )


def _is_chosen(ledger: Ledger, workload: str, release: str) -> bool:
    """Whether it carried one chosen version to one stage."""
    facts = read_facts(ledger, workload, release)
    return bool(facts) and ONLY in facts[0].body


def ended_by_rollback(
    ledger: Ledger,
    workload: Workload,
    release: Release,
    stage: Stage,
    before: Sequence[Stage],
) -> ReleaseOutcome | None:
    """An ending where the stage was rolled back, or has to be: a run before this one left it half switched, and it may not go on.

    Nobody is asked while a wave is half switched.
    """
    journal = open_journal(read_facts(ledger, release.workload, release.name), stage.name)
    if journal is not None:
        admission = admission_of(ledger, stage, before, release)
        if admission.allowed and not journal.back:
            return None
        why = f"half switched, and no longer admitted: {'; '.join(admission.reasons)}"
        revert(ledger, workload, release, stage, why)
    facts = [fact for fact in read_facts(ledger, release.workload, release.name) if fact.stage == stage.name]
    back = [fact for fact in facts if fact.kind is Kind.ROLLED_BACK]
    if back:
        held = any(fact.kind is Kind.HELD for fact in facts)
        return ReleaseOutcome(
            Outcome.ROLLED_BACK if held else Outcome.FAILED,
            f"{stage.name}: rolled back to what served before: {back[-1].body.get('reason')}",
        )
    stays = next((fact.body["unconfirmed"] for fact in reversed(facts) if "unconfirmed" in fact.body), None)
    return ReleaseOutcome(Outcome.FAILED, f"{stage.name}: {stays}") if stays is not None else None


def revert(ledger: Ledger, workload: Workload, release: Release, stage: Stage, reason: str) -> None:
    """Take back what the release has switched at the stage, unless it has switched all of it, and what it deployed there."""
    target, facts = stage.target, read_facts(ledger, release.workload, release.name)
    if not isinstance(target, ServingTarget):
        return
    half_done = open_journal(facts, stage.name) is not None or is_between_waves(facts, stage.name)
    if half_done or (target.failed_deployments == "delete" and facts_of(facts, Kind.DEPLOYED, stage.name)):
        with serving_run(ledger, workload, release, stage, target) as at:
            roll_back(at, reason, alone=workload.fleet == "independent")
            discard_failed(at, release, target)

"""A release climbs its stages. Holds nothing in memory: the ledger and Azure say what is done, so it can start again anywhere."""

from collections.abc import Sequence
from contextlib import suppress

from blocks.ledger import Ledger
from domain.declaration.stage import Stage
from domain.declaration.target import ContainerRegistryTarget, ModelRegistryTarget, ServingTarget
from domain.declaration.workload import Workload
from domain.errors import StageBusy
from domain.ledger.fact import Fact, Kind, facts_of
from domain.outcome import Outcome, ReleaseOutcome
from domain.release.failed_units import failed_units
from domain.release.manifest import Release
from domain.rollout.switch import is_switched
from domain.text import listed_reasons
from flows.approval.gate import decide
from flows.approval.notify import tell_held
from flows.promotion.publish_images import publish_images
from flows.promotion.publish_models import publish_models
from flows.promotion.recover import ended_by_rollback, recover, revert, superseded
from flows.rollout.deploy import Doubted, deploy_stage
from flows.rollout.finish import discard_failed, finish_stage
from flows.rollout.switch import roll_back
from flows.rollout.waves import Soaking, wait_for_soak
from flows.stage.admit import must_admit
from flows.stage.stage_run import serving_run, stage_run
from tasks.ledger.facts import read_facts, record


def advance(
    ledger: Ledger, workload: Workload, release: Release, stages: Sequence[Stage], final: bool = True
) -> ReleaseOutcome:
    """Carry the release through the stages that it has not passed; write down how it ends.

    to_the_top: no stage is left after these; else a release that gets there is still under way, and goes on when it is run again.
    """
    for stage in stages:
        ending = _advance_one(
            ledger, workload, release, stage, [one for one in workload.before(stage.name) if one in stages]
        )
        if ending is not None:
            tell_held(ledger, workload, release.name, stage.name)
            return record_outcome(ledger, release, ending, stage)
    arrived = _arrived(ledger, release, stages[-1])
    return record_outcome(ledger, release, arrived, stages[-1]) if final else arrived


def _arrived(ledger: Ledger, release: Release, stage: Stage) -> ReleaseOutcome:
    """Success, with the circuits that failed alone."""
    reason = f"release {release.name} serves {stage.name}"
    gone = failed_units(read_facts(ledger, release.workload, release.name))
    if gone:
        reason += f" without {len(gone)} of {len(release.units)} circuits: {listed_reasons(gone)}"
    return ReleaseOutcome(Outcome.SUCCEEDED, reason)


def _advance_one(
    ledger: Ledger, workload: Workload, release: Release, stage: Stage, before: Sequence[Stage]
) -> ReleaseOutcome | None:
    """One stage: asked, admitted, carried; asked once more where the replay leaves doubts, gone on with after a soak."""
    while True:
        ending = recover(ledger, workload, release, stage, before)
        if ending is not None:
            return ending
        facts = read_facts(ledger, release.workload, release.name)
        if passed(facts, stage):
            if isinstance(stage.target, ServingTarget) and not facts_of(facts, Kind.CLEANED, stage.name):
                with (
                    suppress(StageBusy),
                    serving_run(ledger, workload, release, stage, stage.target) as at,
                ):  # who holds it cleans, too
                    finish_stage(at, workload, release, stage, stage.target)
            return _doubtful(facts, stage)
        ending = decide(ledger, workload, release, stage) if stage.gate is not None else None
        if ending is not None:
            revert(ledger, workload, release, stage, ending.reason)
            return ending
        must_admit(ledger, stage, before, release)
        try:
            ending = carry(ledger, workload, release, stage, before)
        except Doubted as doubted:
            if stage.gate is None:
                ending = ReleaseOutcome(
                    Outcome.INCONCLUSIVE, f"{stage.name}: {doubted}. Nothing was switched, and no gate asks people"
                )
                revert(ledger, workload, release, stage, ending.reason)
        except Soaking as soaking:
            wait_for_soak(ledger, release, stage, soaking.until)
        if ending is not None:
            return ending


def _doubtful(facts: Sequence[Fact], stage: Stage) -> ReleaseOutcome | None:
    """An ending where the stage serves the release, and what was seen then leaves doubts."""
    doubts = {
        name: why for fact in facts_of(facts, Kind.CONFIRMED, stage.name) for name, why in fact.body["doubts"].items()
    }
    if not doubts:
        return None
    return ReleaseOutcome(
        Outcome.INCONCLUSIVE,
        f"{stage.name} serves release {facts[0].release}, and people must look: {listed_reasons(doubts)}. Keep it, or roll back "
        "with `signalbox rollback`",
    )


def passed(facts: Sequence[Fact], stage: Stage) -> bool:
    """Whether the ledger says that the stage is behind us."""
    if isinstance(stage.target, ServingTarget):
        return is_switched(facts, stage.name)
    return bool(facts_of(facts, Kind.VERIFIED, stage.name))


def carry(
    ledger: Ledger, workload: Workload, release: Release, stage: Stage, before: Sequence[Stage]
) -> ReleaseOutcome | None:
    """Do what the stage is there for, holding it alone; an ending only when it failed for good."""
    if isinstance(stage.target, ModelRegistryTarget):
        with stage_run(ledger, workload, release, stage) as at:
            failures = publish_models(at, workload, release, stage.target)
    elif isinstance(stage.target, ContainerRegistryTarget):
        with stage_run(ledger, workload, release, stage) as at:
            failures = publish_images(at, workload, release, stage.target)
    else:
        with serving_run(ledger, workload, release, stage, stage.target) as at:
            newer = superseded(ledger, workload, release, stage.name, stage.target)
            if newer is not None:
                return newer
            failures = deploy_stage(at, workload, release, stage, before)
            if failures:  # also where a run before this one had begun to switch: it must not end half switched
                roll_back(at, listed_reasons(failures), alone=workload.fleet == "independent")
                discard_failed(at, release, stage.target)
                back = ended_by_rollback(ledger, workload, release, stage, before)
                if back is not None:
                    return back
    if not failures:
        return None
    return ReleaseOutcome(Outcome.FAILED, f"{stage.name}: {listed_reasons(failures)}")


def record_outcome(ledger: Ledger, release: Release, ending: ReleaseOutcome, stage: Stage) -> ReleaseOutcome:
    """Write down how the release ended, once."""
    facts = read_facts(ledger, release.workload, release.name)
    if not facts_of(facts, Kind.ENDED):
        body = {"outcome": ending.outcome.value, "reason": ending.reason, "stage": stage.name}
        record(ledger, release.workload, release.name, Kind.ENDED, body)
    return ending

"""What ends a release at a stage before anybody is asked or anything is done there."""

from collections.abc import Sequence

from blocks.ledger import Ledger
from blocks.loading import loaded
from blocks.workspace import Workspace
from domain.fact import Kind, facts_of
from domain.fleet import newer_releases, open_journal
from domain.outcome import Outcome
from domain.release import Release
from domain.stage import BatchEndpointTarget, Stage
from domain.workload import Workload
from flows.admitting import admission_of
from flows.ending import Ending
from flows.switching import go_back
from tasks.batch_endpoints import serving_of
from tasks.lease import stage_lease
from tasks.ledger import read_facts
from tasks.serving import naming_of

SHOWN = 10
"""Circuits named in a reason."""


def halted(
    ledger: Ledger, workload: Workload, release: Release, stage: Stage, before: Sequence[Stage]
) -> Ending | None:
    """An ending where the stage went back before, must go back first, or serves a newer release."""
    if not isinstance(stage.target, BatchEndpointTarget):
        return None
    return _went_back(ledger, workload, release, stage, stage.target, before) or superseded(
        ledger, release, stage.name, stage.target
    )


def superseded(ledger: Ledger, release: Release, stage: str, target: BatchEndpointTarget) -> Ending | None:
    """An ending where a newer release serves one of the circuits: nothing older is put over it.

    A release that has begun to switch, or has, goes on.
    """
    facts = read_facts(ledger, release.workload, release.name)
    if facts_of(facts, Kind.JOURNAL, stage):
        return None
    workspace = loaded(Workspace, target.workspace)
    naming = naming_of(workspace)
    newer = newer_releases(serving_of(workspace, [naming.endpoint(unit.unit) for unit in release.units]), release.name)
    if not newer:
        return None
    shown = "; ".join(f"{endpoint} serves release {name}" for endpoint, name in list(newer.items())[:SHOWN])
    more = f" and {len(newer) - SHOWN} more" if len(newer) > SHOWN else ""
    return Ending(
        Outcome.SUPERSEDED,
        f"{stage} serves newer releases than {release.name}: {shown}{more}. Nothing was changed; to put an older version "
        "there, ask for it by name with `signalbox deploy-version`",
    )


def _went_back(
    ledger: Ledger,
    workload: Workload,
    release: Release,
    stage: Stage,
    target: BatchEndpointTarget,
    before: Sequence[Stage],
) -> Ending | None:
    """An ending where the stage went back, or has to: a run before this one left it half switched, and it may not go on.

    Nobody is asked while a fleet is half switched.
    """
    journal = open_journal(read_facts(ledger, release.workload, release.name), stage.name)
    if journal is not None:
        admission = admission_of(ledger, stage, before, release)
        if admission.allowed and not journal.back:
            return None
        why = f"half switched, and not admitted any more: {'; '.join(admission.reasons)}"
        with stage_lease(ledger, workload.name, stage.name, release.name) as held:
            go_back(ledger, loaded(Workspace, target.workspace), release, stage.name, held, why)
    back = [fact for fact in read_facts(ledger, release.workload, release.name) if fact.stage == stage.name]
    if not any(fact.kind is Kind.ROLLED_BACK for fact in back):
        return None
    reason = next(fact.body.get("reason") for fact in reversed(back) if fact.kind is Kind.ROLLED_BACK)
    return Ending(Outcome.FAILED, f"{stage.name} went back to what served before: {reason}")

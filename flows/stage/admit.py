"""Whether a stage admits a release, over the ledger, the blocks and the clock as they are at this moment."""

from collections.abc import Sequence
from datetime import UTC, datetime

from blocks.ledger import Ledger
from domain.declaration.stage import Stage
from domain.ledger.fact import Fact
from domain.promotion.admission import Admission, admit
from domain.release.failed_units import active_units
from domain.release.hold import unhold_command
from domain.release.manifest import Release
from tasks.approval.approvers import approvers_of
from tasks.ledger.facts import read_facts
from tasks.ledger.head import faults_of_head, shown_head
from tasks.ledger.holds import holds_on

MOST_SHOWN = 5


def admission_of(ledger: Ledger, stage: Stage, before: Sequence[Stage], release: Release) -> Admission:
    """Allowed, or every reason why not; every approval is verified anew."""
    head = shown_head(release.workload, release.name)
    facts = read_facts(ledger, release.workload, release.name)
    lost = faults_of_head(head, facts)
    admission = admit(stage, before, release, facts, approvers_of(stage.gate, facts), datetime.now(UTC))
    return Admission(
        (
            *(f"ledger integrity check failed: {fault}" for fault in lost),
            *_held(ledger, stage, release, facts),
            *admission.reasons,
        )
    )


def _held(ledger: Ledger, stage: Stage, release: Release, facts: Sequence[Fact]) -> list[str]:
    """Models that another release was rolled back with at this stage since this one began."""
    digests = {unit.model_digest for unit in active_units(release, facts)}
    found = [
        one
        for one in holds_on(ledger, release.workload, digests)
        if one.lifted is None and one.stage == stage.name and one.release != release.name
    ]
    return [
        f"held: {one}. {unhold_command(one.release, release.workload)} ends the hold, and this release then goes on; or release newer "
        "models"
        for one in found[:MOST_SHOWN]
    ]

"""A person ends the hold on what was rolled back; releasing it again asks at the gates as always."""

from prefect import flow, get_run_logger

from blocks.ledger import Ledger
from blocks.loading import loaded
from domain.errors import Terminal
from domain.ledger.fact import Kind
from domain.release.hold import hold_of
from tasks.ledger.facts import read_facts, record
from tasks.ledger.holds import lift_holds
from tasks.run_names import run_name

LONGEST = 1000
"""Characters of name and reason."""


@flow(name="unhold", flow_run_name=run_name("unhold {workload} {release}"))
def unhold(release: str, by: str, reason: str, workload: str = "plants") -> None:
    """End the hold on a release that was rolled back, so that its circuits may be released again, as a new release.

    by: who decided it, as they say; reason: why it will not fail again. Both are kept in the ledger.
    """
    name, why = by.strip()[:LONGEST], reason.strip()[:LONGEST]
    if not name or not why:
        raise Terminal("say who ends the hold, and why: both are kept in the ledger")
    ledger = loaded(Ledger, "ledger")
    facts = read_facts(ledger, workload, release)
    if not facts:
        raise Terminal(
            f"the ledger holds no release {release} of {workload}; `signalbox status --workload {workload}` lists the newest"
        )
    hold = hold_of(facts)
    if hold is not None:
        record(ledger, workload, release, Kind.UNHELD, {"stage": hold.stage, "by": name, "reason": why})
    lifted = lift_holds(ledger, workload, release, f"{name}: {why}")
    if hold is None and not lifted:
        raise Terminal(f"release {release} is not held; nothing was written")
    get_run_logger().info("Release %s is no longer held; its models may be released again, as a new release", release)

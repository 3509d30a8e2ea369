"""The answer of `signalbox audit`: who decided what, and whether the chain and every signature hold."""

from collections.abc import Sequence

from deployments.answers.answer import CommandAnswer
from deployments.screen import styled
from deployments.table import Table
from domain.approval.audit import Audit, Entry
from domain.ledger.fact import Fact
from domain.utc import utc_text


def audit_answer(facts: Sequence[Fact], result: Audit, faults: Sequence[str]) -> CommandAnswer:
    """facts: of the release, all. faults: what was found wrong, the result's among it."""
    first, newest = facts[0], facts[-1]
    table = Table("fact", "at", "stage", "who", "decision", "why", "proven by", "verdict")
    for one in result.entries:
        verdict = one.fault or one.remark or "holds"
        table.add_row(
            one.sequence, utc_text(one.at), one.stage, one.approver, one.choice, one.comment, one.proof, verdict
        )
    document = {
        "workload": first.workload,
        "release": first.release,
        "facts": len(facts),
        "newest": {"sequence": newest.sequence, "digest": newest.digest},
        "decisions": [_decision(one) for one in result.entries],
        "refused": result.refused,
        "writers": [{"name": name, "facts": number} for name, number in sorted(result.writers.items())],
        "faults": faults,
        "holds": not faults,
    }
    end = (
        [styled(f"FAULT {fault}", "red") for fault in faults]
        if faults
        else [
            styled(
                f"the chain and every signature hold; newest fact {newest.sequence} is {newest.digest}",
                "green",
            )
        ]
    )
    title = f"release {first.release} of {first.workload}: {len(facts)} facts"
    wrote = "facts by writer: " + ", ".join(f"{name} {number}" for name, number in sorted(result.writers.items()))
    return CommandAnswer(document, (title, table, f"answers that were refused: {result.refused}", wrote, *end))


def _decision(one: Entry) -> dict[str, object]:
    return {
        "sequence": one.sequence,
        "at": utc_text(one.at),
        "stage": one.stage,
        "approver": one.approver,
        "decision": one.choice,
        "comment": one.comment,
        "proof": one.proof,
        "remark": one.remark or None,
        "fault": one.fault or None,
    }

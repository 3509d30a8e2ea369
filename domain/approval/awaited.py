"""Which gate waits, for whom and until when, in one line: it stands wherever a run's state is shown."""

from collections.abc import Sequence
from datetime import datetime

from domain.approval.approvers import EnrolledApprovers
from domain.approval.decision import Decision
from domain.approval.quorum import Missing, missing_by_rule
from domain.declaration.stage import Stage
from domain.release.manifest import Release
from domain.shown import shown


def awaited(
    release: Release,
    stage: Stage,
    counted: Sequence[Decision],
    approvers: EnrolledApprovers,
    answer_by: datetime,
    now: datetime,
) -> str:
    """`production gate of plants 20261129.2 waits for 2 of ml-engineers, until 2026-11-30 18:00 UTC`.

    counted: decisions that count so far. While nobody can approve, because the stage may not change now, the reason follows.
    """
    if stage.gate is None:
        raise ValueError(f"stage {stage.name} has no gate")
    people = {one.statement.approver: approvers.groups_of(one.statement.approver) for one in counted}
    whom = " and for ".join(map(_whom, missing_by_rule(stage.gate.rules, people))) or "the stage to open"
    closed = "; ".join(stage.gate.closures(now))
    return shown(
        f"{stage.name} gate of {release.workload} {release.name} waits for {whom}, until {answer_by:%Y-%m-%d %H:%M} UTC"
        + (f"; nobody can approve now: {closed}" if closed else "")
    )


def _whom(missing: Missing) -> str:
    others = [f"{missing.others} more" if missing.some or missing.named else f"{missing.others}"] * bool(missing.others)
    return f"{' and '.join([*missing.named, *others])} of {missing.group}"

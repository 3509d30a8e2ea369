"""The answer of `signalbox doctor`: counts, what needs somebody, and what was looked at."""

from collections import Counter
from collections.abc import Sequence

from rich.console import RenderableType

from deployments.answers.answer import CommandAnswer
from deployments.answers.needs import needs_document, needs_table, release_counts, release_needs
from deployments.table import Table
from domain.promotion.release_state import ReleaseState
from domain.rollout.diagnosis import SERVES_NOTHING, Finding
from domain.text import counted

MOST_ROWS = 20
"""More findings than these are summed up, and only those that need somebody are listed."""


def doctor_answer(
    workload: str, findings: Sequence[Finding], states: Sequence[ReleaseState], every: bool = False
) -> CommandAnswer:
    """states: of releases, newest first. every: list all that was looked at, however much."""
    needs = release_needs(
        workload, [state for state in states if not state.fault]
    )  # what is in quarantine is a finding
    ill = [one for one in findings if not one.healthy]
    nothing = sum(one.seen == SERVES_NOTHING for one in findings)
    counts = (
        f"{workload}: {counted(len(findings), 'thing')} checked, {len(ill)} of them need somebody; "
        f"endpoints that serve nothing: {nothing}; "
        f"{release_counts(states)}"
    )
    shown = findings if every or len(findings) <= MOST_ROWS else ill[:MOST_ROWS]
    left, ill_left = len(findings) - len(shown), len(ill) - sum(not one.healthy for one in shown)
    parts: list[RenderableType] = [f"{counts}\n"]
    if needs:
        parts += [needs_table(needs), ""]
    if left:
        parts += [_stages(findings), ""]
    if shown:
        parts += [_findings(shown), *([""] if left else [])]
    if left:
        also = f", {ill_left} of them need somebody" if ill_left else ", and all is well with them"
        whole = f"`signalbox doctor --workload {workload} --all` lists everything"
        parts.append(f"{counted(left, 'more thing')} checked{also}: {whole}")
    document = {
        "workload": workload,
        "looked_at": len(findings),
        "unhealthy": len(ill),
        "serving_nothing": nothing,
        "needs_somebody": needs_document(needs),
        "findings": [
            {
                "stage": one.stage or None,
                "what": one.what,
                "seen": one.seen,
                "healthy": one.healthy,
                "advice": one.advice or None,
            }
            for one in findings
        ],
    }
    return CommandAnswer(document, tuple(parts))


def _stages(findings: Sequence[Finding]) -> Table:
    looked_at = Counter(map(_stage, findings))
    ill = Counter(_stage(one) for one in findings if not one.healthy)
    table = Table("stage", "checked", "need somebody")
    for stage, count in looked_at.items():
        table.add_row(stage, count, ill[stage], style="red" if ill[stage] else "")
    return table


def _findings(findings: Sequence[Finding]) -> Table:
    table = Table("stage", "checked", "seen", "what to do")
    for one in findings:
        table.add_row(_stage(one), one.what, one.seen, one.advice, style="" if one.healthy else "red")
    return table


def _stage(finding: Finding) -> str:
    return finding.stage or "every stage"

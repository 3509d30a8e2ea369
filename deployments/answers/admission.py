"""The answer of `signalbox why`: every reason why a stage does not admit a release."""

from collections.abc import Sequence

from deployments.answers.answer import CommandAnswer
from deployments.screen import styled


def admission_answer(workload: str, release: str, stage: str, reasons: Sequence[str]) -> CommandAnswer:
    """reasons: none when it is admitted."""
    document = {
        "workload": workload,
        "release": release,
        "stage": stage,
        "admitted": not reasons,
        "reasons": reasons,
    }
    if not reasons:
        return CommandAnswer(document, (styled(f"{stage} admits release {release}", "green"),))
    return CommandAnswer(
        document, (f"{stage} does not admit release {release}:", *(f"  - {reason}" for reason in reasons))
    )

"""The answer of `signalbox why`: every reason why a stage does not admit a release."""

from collections.abc import Sequence

from deployments.answers.answer import Answer
from deployments.screen import styled


def admission_answer(workload: str, release: str, stage: str, reasons: Sequence[str]) -> Answer:
    """reasons: none when it is admitted."""
    document = {
        "workload": workload,
        "release": release,
        "stage": stage,
        "admitted": not reasons,
        "reasons": reasons,
    }
    if not reasons:
        return Answer(document, (styled(f"{stage} admits release {release}", "green"),))
    return Answer(document, (f"{stage} does not admit release {release}:", *(f"  - {reason}" for reason in reasons)))

"""What people are told when a gate waits for them, or when somebody passed it alone."""

from dataclasses import dataclass
from datetime import datetime

SHORT = 160
"""Longest subject, in characters."""


@dataclass(frozen=True)
class Notice:
    """subject: one line. body: plain text, with the link on a line of its own. Opening the link decides nothing."""

    subject: str
    body: str


def approval_wanted(
    workload: str, release: str, stage: str, gate: str, answer_by: datetime, link: str, digest: str
) -> Notice:
    """A gate waits. link: of the run's page with the form."""
    subject = f"Approval wanted: {workload} {release} to {stage} ({gate})"
    lines = [
        f"Release {release} of {workload} waits at {gate} until {answer_by:%Y-%m-%d %H:%M} UTC.",
        "Read the evidence and decide on its page. Opening it decides nothing:",
        link,
        f"Digest: {digest}",
    ]
    return Notice(one_line(subject), "\n".join(lines))


def break_glass_used(
    workload: str, release: str, stage: str, gate: str, approver: str, comment: str, link: str, digest: str
) -> Notice:
    """Somebody let a release pass alone. Louder: everybody of the gate's groups must see it."""
    subject = f"!!! BREAK GLASS: {approver} let {workload} {release} pass to {stage}"
    lines = [
        f"!!! {one_line(approver)} broke the glass at {gate}: release {release} of {workload} goes to {stage} without "
        "quorum, windows and separation of duties.",
        f"Reason given: {one_line(comment, 1000)}",
        "See what it is about, and whether this was right:",
        link,
        f"Digest: {digest}",
    ]
    return Notice(one_line(subject), "\n".join(lines))


def one_line(text: str, longest: int = SHORT) -> str:
    """Text that cannot become a header or a second line of its own."""
    cleaned = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return cleaned if len(cleaned) <= longest else cleaned[: longest - 1] + "…"

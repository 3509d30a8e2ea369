"""The answers that a gate takes."""

from enum import StrEnum


class Choice(StrEnum):
    """approve, reject, or break glass: one person of a declared group lets the release pass at once, and says why."""

    APPROVE = "approve"
    REJECT = "reject"
    BREAK_GLASS = "break-glass"

"""What people are told: a gate waits, somebody passed it alone, a stage was rolled back; and through which channel."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from typing import Self
from urllib.parse import parse_qs

from domain.approval.proofs.lockout import MAX_WRONG_CODES
from domain.errors import Terminal
from domain.shown import shown
from domain.text import cut

SHORT = 160
"""Longest subject, in characters."""
MOST_RECIPIENTS = 20
MAIL = "email-server-credentials"
"""The block type of prefect-email; all others are Prefect's own notification blocks."""

BLOCK = re.compile(r"[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9-]*")
"""As Prefect writes it: block type, slash, block name."""
MENTION = re.compile(r"(?<![\w.+-])@(?=\w)")
"""@channel, @here and @everyone would call a whole team; ada@example.org calls nobody."""
_HARMLESS = str.maketrans("<>[]{}`*", "‹›()()'∗")
"""No tag, link, mention of a group, code or template mark of Slack, Teams, Discord, Mattermost or Prefect's web hook."""


@dataclass(frozen=True)
class Notice:
    """subject: one line. body: plain text, with the link on a line of its own. Opening the link decides nothing.

    loud: to be shown as a warning, and sent as urgent.
    """

    subject: str
    body: str
    loud: bool = False


@dataclass(frozen=True)
class Channel:
    """A saved Prefect block that tells people: `slack-webhook/ml-engineers`.

    A mail server needs to know whom to tell, and whose name to send in where its user name is not an address:
    `email-server-credentials/smtp?to=ada@example.org,grace@example.org&from=signalbox@example.org`.
    """

    block: str
    recipients: tuple[str, ...] = ()
    sender: str | None = None

    @property
    def is_mail(self) -> bool:
        """Whether the block is a mail server."""
        return self.block.startswith(f"{MAIL}/")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Terminal, with all that is wrong. Text that is no channel is not repeated: it may be a secret address."""
        block, asked, query = text.partition("?")
        if not BLOCK.fullmatch(block):
            raise Terminal(
                "a channel is written BLOCK-TYPE/BLOCK-NAME, such as slack-webhook/ml-engineers; this one is not"
            )
        if not block.startswith(f"{MAIL}/"):
            if asked:
                raise Terminal(f"channel {block} takes nothing after `?`; only {MAIL} does")
            return cls(block)
        given = parse_qs(query.replace("+", "%2B"), keep_blank_values=True)  # ada+alerts@ is an address, not a space
        recipients, senders = (_addresses(given.pop(key, [])) for key in ("to", "from"))
        faults = [f"{address!r} is not an address" for address in (*recipients, *senders) if not _is_address(address)]
        faults += [f"unknown {key!r}; only to and from are allowed" for key in sorted(given)]
        if not 1 <= len(recipients) <= MOST_RECIPIENTS:
            faults.append(f"needs 1 to {MOST_RECIPIENTS} addresses, as ?to=ada@example.org,grace@example.org")
        if len(senders) > 1:
            faults.append("takes only one from")
        if faults:
            raise Terminal(f"channel {block}: {'; '.join(faults)}")
        return cls(block, recipients, next(iter(senders), None))


def approval_wanted(
    workload: str, release: str, stage: str, gate: str, answer_by: datetime, link: str, digest: str
) -> Notice:
    """A gate waits. link: of the run's page with the form."""
    subject = f"Approval needed: {workload} {release} to {stage} ({gate})"
    lines = [
        f"Release {one_line(release)} of {one_line(workload)} waits at {one_line(gate)} until "
        f"{answer_by:%Y-%m-%d %H:%M} UTC.",
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
        f"!!! {one_line(approver)} broke the glass at {one_line(gate)}: release {one_line(release)} of "
        f"{one_line(workload)} goes to {one_line(stage)} without quorum, windows and separation of duties.",
        f"Reason given: {one_line(comment, 1000)}",
        "See what it is about, and check that this was right:",
        link,
        f"Digest: {digest}",
    ]
    return Notice(one_line(subject), "\n".join(lines), loud=True)


def codes_locked(workload: str, release: str, gate: str, approver: str, until: datetime, link: str) -> Notice:
    """So many wrong codes came under an approver's name that their authenticator is locked."""
    subject = f"Wrong codes: {approver}'s authenticator is locked until {until:%H:%M} UTC"
    lines = [
        f"{MAX_WRONG_CODES} wrong one-time codes were entered as {one_line(approver)}, the last one at {one_line(gate)} of release "
        f"{one_line(release)} of {one_line(workload)}. The authenticator accepts no code until {until:%Y-%m-%d %H:%M} UTC, at any gate; "
        "an SSH key or an Entra ID account still works.",
        f"If {one_line(approver)} did not type them, somebody is guessing: check who can reach the Prefect server.",
        link,
    ]
    return Notice(one_line(subject), "\n".join(lines), loud=True)


def rolled_back(workload: str, release: str, stage: str, reason: str, link: str) -> Notice:
    """A stage was rolled back, by itself or by a person. link: of the run's page."""
    subject = f"Rolled back: {workload} {release} at {stage}"
    lines = [
        f"Release {one_line(release)} of {one_line(workload)} was rolled back at {one_line(stage)} and is held: nothing pushes it "
        "again until somebody ends the hold, or newer models arrive.",
        f"Reason: {one_line(reason, 1000)}",
        link,
    ]
    return Notice(one_line(subject), "\n".join(lines), loud=True)


def rollback_unfinished(workload: str, release: str, stage: str, reason: str, link: str) -> Notice:
    """What serves failed its confirmation, and there was nothing to roll back to."""
    subject = f"!!! Still serves what failed: {workload} {release} at {stage}"
    lines = [
        f"!!! Release {one_line(release)} of {one_line(workload)} serves {one_line(stage)} though it failed after the switch: "
        "there was nothing to roll back to. Somebody has to choose the version that it serves.",
        f"Reason: {one_line(reason, 1000)}",
        link,
    ]
    return Notice(one_line(subject), "\n".join(lines), loud=True)


def time_is_up(workload: str, release: str, stage: str, endpoint: str, ends: str) -> Notice:
    """What was deployed for a while goes soon."""
    subject = f"Time is up: {workload} {release} at {stage}"
    lines = [
        f"{one_line(endpoint)} runs release {one_line(release)} of {one_line(workload)} at {one_line(stage)} and is deleted at "
        f"{one_line(ends)}, at the earliest an hour after this notice.",
        f"To keep it: signalbox extend {one_line(stage)} --workload {one_line(workload)}. A new deployment renews it, too.",
    ]
    return Notice(one_line(subject), "\n".join(lines))


def one_line(text: str, longest: int = SHORT) -> str:
    """Text from people, harmless: no header or second line of its own, nothing that mail, a chat or a card acts on."""
    cleaned = shown(text.translate(_HARMLESS))
    return MENTION.sub("@\u200b", cut(cleaned, longest))


def _addresses(values: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.strip() for value in values for one in value.split(",") if one.strip()))


def _is_address(text: str) -> bool:
    try:
        address = Address(addr_spec=text)
    except (MessageError, ValueError, IndexError):
        return False
    return text.isascii() and text.isprintable() and " " not in text and bool(address.username and address.domain)

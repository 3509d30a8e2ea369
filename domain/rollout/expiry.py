"""When what was deployed for a while goes: announced first, then deleted. (Seed 001, "Delete-After-24Hours".)

A rule over an endpoint's tags and the clock, so that a crash at any point loses nothing: the tags say what has been done.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.tags import RELEASE_ID
from domain.utc import utc_text

EXPIRES_AT = "expires_at"
"""Tag: when its time is up, UTC. Without it nothing expires."""
ANNOUNCED_AT = "expiry_announced_at"
ANNOUNCED_FOR = "expiry_announced_for"
"""Tag: the end that was announced. Another `expires_at`, by a redeployment or by `signalbox extend`, makes it void."""
EARLIEST, LATEST = 2000, 9000
"""Years that a tag may name: beyond them the calendar ends."""
NOTICE = timedelta(hours=1)
"""Between the announcement and the deletion, at least."""


class ExpiryStep(StrEnum):
    """What an endpoint's expiry needs now."""

    LEAVE = "leave"
    ANNOUNCE = "announce"
    DELETE = "delete"


@dataclass(frozen=True)
class Due:
    """step, why, and when it changes by itself: None where it does not."""

    step: ExpiryStep
    reason: str
    until: datetime | None = None


def due(tags: Mapping[str, str], now: datetime) -> Due:
    """What is to be done about an endpoint with these tags.

    Announced from `NOTICE` before its end; deleted at its end, and not before `NOTICE` after the announcement, however late
    that came. What does not have Signalbox's tags, or carries a time that cannot be read, is left alone.
    """
    if not tags.get(RELEASE_ID) or EXPIRES_AT not in tags:
        return Due(ExpiryStep.LEAVE, "it does not have Signalbox's tags")
    ends = _moment(tags[EXPIRES_AT])
    if ends is None:
        return Due(ExpiryStep.LEAVE, f"its tag {EXPIRES_AT} is not a time: {tags[EXPIRES_AT]!r}")
    announced = _moment(tags.get(ANNOUNCED_AT, "")) if tags.get(ANNOUNCED_FOR) == tags[EXPIRES_AT] else None
    if announced is None:
        if now < ends - NOTICE:
            return Due(ExpiryStep.LEAVE, f"it lives until {tags[EXPIRES_AT]}", ends - NOTICE)
        return Due(ExpiryStep.ANNOUNCE, f"its time is up at {tags[EXPIRES_AT]}")
    goes = max(ends, announced + NOTICE)
    if now < goes:
        return Due(
            ExpiryStep.LEAVE, f"it was announced at {utc_text(announced)} and is deleted at {utc_text(goes)}", goes
        )
    return Due(ExpiryStep.DELETE, f"its time was up at {tags[EXPIRES_AT]}, announced at {utc_text(announced)}")


def announced(tags: Mapping[str, str], now: datetime) -> dict[str, str]:
    """The tags that say that people were told."""
    return {ANNOUNCED_AT: utc_text(now), ANNOUNCED_FOR: tags[EXPIRES_AT]}


def prolonged(tags: Mapping[str, str], until: datetime) -> dict[str, str]:
    """The tag of its end, which is never earlier than the one that stands; what was announced for another end is void."""
    stands = _moment(tags.get(EXPIRES_AT, ""))
    return {EXPIRES_AT: utc_text(max(until, stands) if stands is not None else until)}


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None and EARLIEST <= moment.year <= LATEST else None

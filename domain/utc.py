"""A moment in UTC: equal moments are spelt alike, so that they have equal digests."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime


def in_utc(moment: datetime) -> datetime:
    """The same moment in UTC; ValueError for one without a time zone, which is no moment."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; Signalbox's times are UTC")
    return moment.astimezone(UTC)


def utc_text(moment: datetime) -> str:
    """ISO 8601 in UTC with Z, to the second."""
    return in_utc(moment).strftime("%Y-%m-%dT%H:%M:%SZ")


Moment = Annotated[AwareDatetime, AfterValidator(in_utc)]

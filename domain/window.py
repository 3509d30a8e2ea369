"""When a stage may change: recurring stretches of time (RFC 5545)."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from dateutil.rrule import DAILY, rrule, rrulestr
from pydantic import BaseModel, ConfigDict, Field, NaiveDatetime, field_validator, model_validator

LONGEST_MINUTES = 60 * 24 * 366
LONGEST_YEARS = 50
"""How far a rule reaches: one that never fits (30 February) would be searched for ever."""
FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY")
PARTS = ("FREQ", "INTERVAL", "UNTIL", "BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYDAY", "BYSETPOS", "WKST")


class Window(BaseModel):
    """A stretch that recurs. starts: the first, by the wall clock of timezone. rule: an RRULE, none for once only.

    minutes: how long each is. reason: what people are told.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    starts: NaiveDatetime
    rule: str = Field(default="", max_length=500)
    minutes: int = Field(ge=1, le=LONGEST_MINUTES)
    timezone: str = "UTC"
    reason: str = Field(default="", max_length=200)

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(f"{name!r} is no time zone; write one such as Europe/Berlin, or UTC")
        return name

    @model_validator(mode="after")
    def _recurs(self) -> "Window":
        if not self.rule:
            return self
        parts = dict(part.partition("=")[::2] for part in self.rule.upper().split(";"))
        unknown = sorted(parts.keys() - set(PARTS))
        if unknown:
            raise ValueError(f"the rule cannot have {', '.join(unknown)}; it takes {', '.join(PARTS)}")
        if parts.get("FREQ") not in FREQUENCIES:
            raise ValueError(f"the rule needs FREQ={', '.join(FREQUENCIES[:-1])} or {FREQUENCIES[-1]}")
        if not re.fullmatch(r"[1-9]\d{0,2}", parts.get("INTERVAL", "1")):
            raise ValueError("the rule's INTERVAL is a number from 1 to 999")
        try:
            recurrence = self._recurrence()
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"the rule is no RFC 5545 recurrence ({error})") from error
        if recurrence.after(self.starts, inc=True) is None:
            raise ValueError(f"the rule names no day within {LONGEST_YEARS} years")
        return self

    def holds(self, moment: datetime) -> bool:
        """Whether a moment lies in one of the stretches; their end is no part of them."""
        local = self._local(moment)
        last = self._recurrence().before(local, inc=True)
        return last is not None and local < last + timedelta(minutes=self.minutes)

    def next_start(self, moment: datetime) -> datetime | None:
        """When the next stretch begins after a moment, in UTC; None when none does."""
        following = self._recurrence().after(self._local(moment))
        return None if following is None else following.replace(tzinfo=ZoneInfo(self.timezone)).astimezone(UTC)

    def end_of(self, moment: datetime) -> datetime:
        """When the stretch that holds a moment ends, in UTC; the moment itself outside of all."""
        last = self._recurrence().before(self._local(moment), inc=True)
        if last is None or not self.holds(moment):
            return moment
        ends = last + timedelta(minutes=self.minutes)
        return ends.replace(tzinfo=ZoneInfo(self.timezone)).astimezone(UTC)

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(ZoneInfo(self.timezone)).replace(tzinfo=None)

    def _recurrence(self) -> rrule:
        if not self.rule:
            return rrule(DAILY, dtstart=self.starts, count=1)
        recurrence = rrulestr(self.rule, dtstart=self.starts)
        if not isinstance(recurrence, rrule):
            raise ValueError("write one rule, on one line")
        if "UNTIL=" in self.rule.upper():
            return recurrence
        return recurrence.replace(until=self.starts + timedelta(days=366 * LONGEST_YEARS))

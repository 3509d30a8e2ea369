"""When a stage may change: recurring stretches of time (RFC 5545)."""

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import cast
from zoneinfo import ZoneInfo, available_timezones

from dateutil.rrule import DAILY, rrule, rrulestr
from pydantic import BaseModel, ConfigDict, Field, NaiveDatetime, field_validator, model_validator

LONGEST_MINUTES = 60 * 24 * 366
LONGEST_YEARS = 50
"""How far a rule reaches that names no end."""
CENTURY = range(2000, 2100)
"""When stretches may start: a rule from 1970 would have run out unnoticed."""
FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY")
_NUMBERS = r"[+-]?0*[1-9]\d{0,2}(,[+-]?0*[1-9]\d{0,2})*"
_DAY = "(MO|TU|WE|TH|FR|SA|SU)"
PARTS = {
    "FREQ": "|".join(FREQUENCIES),
    "INTERVAL": r"[1-9]\d{0,2}",
    "UNTIL": r"\d{8}T\d{6}",  # a day alone would end the rule before that day's stretch
    "BYMONTH": _NUMBERS,
    "BYMONTHDAY": _NUMBERS,
    "BYYEARDAY": _NUMBERS,
    "BYWEEKNO": _NUMBERS,
    "BYDAY": rf"([+-]?[1-5])?{_DAY}(,([+-]?[1-5])?{_DAY})*",  # dateutil breaks at the ninth Monday of a December
    "BYSETPOS": _NUMBERS,
    "WKST": _DAY,
}
"""How each part of a rule is spelt."""


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
        if name not in _zones():
            raise ValueError(f"{name[:80]!r} is not a time zone; write one such as Europe/Berlin, or UTC")
        return name

    @field_validator("starts")
    @classmethod
    def _near(cls, starts: datetime) -> datetime:
        if starts.year not in CENTURY:
            raise ValueError(
                f"a stretch cannot start in {starts.year}; name a first start from {CENTURY[0]} to {CENTURY[-1]}"
            )
        return starts

    @model_validator(mode="after")
    def _recurs(self) -> "Window":
        if not self.rule:
            return self
        parts = dict(part.partition("=")[::2] for part in self.rule.upper().split(";"))
        unknown = sorted(parts.keys() - PARTS.keys())
        if unknown:
            raise ValueError(f"the rule cannot have {', '.join(unknown)}; it takes {', '.join(PARTS)}")
        if parts.get("FREQ") not in FREQUENCIES:
            raise ValueError(f"the rule needs FREQ={', '.join(FREQUENCIES[:-1])} or {FREQUENCIES[-1]}")
        if not re.fullmatch(PARTS["INTERVAL"], parts.get("INTERVAL", "1")):
            raise ValueError("the rule's INTERVAL is a number from 1 to 999")
        if not re.fullmatch(PARTS["UNTIL"], parts.get("UNTIL", "20000101T000000")):
            raise ValueError("the rule's UNTIL is the last start by the wall clock, such as 20261224T080000")
        misspelt = [name for name, text in parts.items() if not re.fullmatch(PARTS[name], text)]
        if misspelt:
            raise ValueError(f"the rule's {', '.join(misspelt)} cannot be read; see RFC 5545, 3.3.10")
        if parts["FREQ"] in ("WEEKLY", "DAILY") and re.search(r"\d", parts.get("BYDAY", "")):
            raise ValueError("the rule's BYDAY can count days only of a month or a year: FREQ=MONTHLY or YEARLY")
        if not self._fits():
            raise ValueError(
                f"the rule names no day within {LONGEST_YEARS} years, or none before its end; check BYMONTH, BYMONTHDAY and UNTIL"
            )
        return self

    def holds(self, moment: datetime) -> bool:
        """Whether a moment lies in one of the stretches; their end is no part of them."""
        return self._begun(moment) is not None

    def next_start(self, moment: datetime) -> datetime | None:
        """When the next stretch begins after a moment, in UTC; None when none does."""
        following = self._recurrence().after(self._local(moment))
        return None if following is None else self._in_utc(following, moment)

    def end_of(self, moment: datetime) -> datetime:
        """When the stretch that holds a moment ends, in UTC; the moment itself outside of all."""
        begun = self._begun(moment)
        return moment if begun is None else self._in_utc(begun + timedelta(minutes=self.minutes), moment)

    def _begun(self, moment: datetime) -> datetime | None:
        """When the stretch that holds a moment began, by the wall clock; the last one where they overlap."""
        local = self._local(moment)
        last = self._recurrence().before(local, inc=True)
        return last if last is not None and local < last + timedelta(minutes=self.minutes) else None

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(ZoneInfo(self.timezone)).replace(tzinfo=None)

    def _in_utc(self, local: datetime, after: datetime) -> datetime:
        """The wall clock shows an hour twice when it goes back: the first time after a moment."""
        zoned = local.replace(tzinfo=ZoneInfo(self.timezone))
        first = zoned.astimezone(UTC)
        return first if first > after else zoned.replace(fold=1).astimezone(UTC)

    def _fits(self) -> bool:
        """Whether there is any day for the rule."""
        # dateutil looks for a day that never comes (30 February) until the year 9999, which takes it half a minute. The
        # calendar repeats every 400 years, and so after 7600: near its end there is the same to find, in fewer years.
        late = self.starts.replace(year=self.starts.year + 7600)
        try:
            recurrence = self._recurrence()
            if recurrence.replace(dtstart=late, until=None).after(late, inc=True) is None:
                return False
        except ValueError as error:
            raise ValueError(f"the rule is not an RFC 5545 recurrence ({error})") from error
        return recurrence.after(self.starts, inc=True) is not None

    def _recurrence(self) -> rrule:
        if not self.rule:
            return rrule(DAILY, dtstart=self.starts, count=1)
        recurrence = cast(rrule, rrulestr(self.rule, dtstart=self.starts))  # a set only from several lines
        if "UNTIL=" in self.rule.upper():
            return recurrence
        return recurrence.replace(until=self.starts + timedelta(days=366 * LONGEST_YEARS))


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())  # walks through a folder of hundreds of files

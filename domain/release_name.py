"""The name of a release: the day, and a number of that day."""

import re
from collections.abc import Iterable
from datetime import date

NAME = re.compile(r"(\d{8})\.(\d+)")


def release_order(name: str) -> tuple[str, int]:
    """What releases are sorted by, oldest first: the day, then the number."""
    day, _, number = name.partition(".")
    return day, int(number) if number.isdigit() else 0


def next_name(day: date, taken: Iterable[str]) -> str:
    """`YYYYMMDD.N`, N being one more than the highest of that day."""
    stem = day.strftime("%Y%m%d")
    numbers = [int(found[2]) for name in taken if (found := NAME.fullmatch(name)) and found[1] == stem]
    return f"{stem}.{max(numbers, default=0) + 1}"

"""A delivered CSV file as text: every value as it was written, with the line it stands on; what would be read wrong is refused."""

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

import pandas as pd

from .input_error import InputError

EXAMPLES = 5
LONGEST = 60
"""Characters of a value, or of a list of names, in a message."""
MISSING = frozenset({"", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "-nan", "NULL", "null", "None"})
"""How sources write that there is no number. A name is text: one that is NA stays NA."""
OTHER_FORMATS = {
    b"\x1f\x8b": "is compressed with gzip; unpack it",
    b"PK\x03\x04": "is a ZIP archive or an Excel workbook; save it as CSV",
    b"\xff\xfe": "is UTF-16 text; save it as UTF-8",
    b"\xfe\xff": "is UTF-16 text; save it as UTF-8",
}
"""By a file's first bytes."""
ZONED_TIME = re.compile(r"\d\d:?\d\d(?::?\d\d(?:[.,]\d+)?)?\s*(?:Z|[+-]\d\d(?::?\d\d)?)$", re.IGNORECASE)


def read_text(path: Path, needed: Sequence[str]) -> pd.DataFrame:
    """The columns `needed`, all of them text; the index is the line of the file on which a row begins.

    InputError for a file that is no UTF-8 CSV with commas, lacks a column or rows, or whose rows are not as long as its header.
    """
    if not path.is_file():
        beside = ", ".join(sorted(one.name for one in path.parent.glob("*"))[:EXAMPLES]) or "nothing"
        raise InputError(f"{path} does not exist; its folder holds {beside}.")
    with path.open("rb") as file:
        start = file.read(4)
    for mark, what in OTHER_FORMATS.items():
        if start.startswith(mark):
            raise InputError(f"{path} {what}, and deliver it again.")
    lines: list[int] = []
    values: list[list[str]] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = _rows(file)
            header = next(rows, (1, []))[1]
            places = _places(path, header, needed)
            wrong, examples = 0, list[str]()
            for line, row in rows:
                if len(row) != len(header):
                    wrong += 1
                    if len(examples) < EXAMPLES:
                        examples.append(f"line {line} has {len(row)}")
                else:
                    lines.append(line)
                    values.append([row[place] for place in places])
    except UnicodeDecodeError as problem:
        raise InputError(
            f"{path} is not UTF-8 text ({problem.reason}). Save it as UTF-8 and deliver it again."
        ) from None
    except csv.Error as problem:
        raise InputError(f"{path} is not a readable CSV file: {problem}. Deliver it again.") from None
    if wrong:
        raise InputError(
            f"{path} has {wrong} row(s) that are not as long as its header of {len(header)} fields: {', '.join(examples)}. "
            "Their values would stand in the wrong columns; correct the source."
        )
    if not values:
        raise InputError(f"{path} has a header and no rows. Deliver it again.")
    return pd.DataFrame(values, index=pd.Index(lines, name="line"), columns=list(needed), dtype="str")


def _rows(file: TextIO) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, with the line on which it begins: a quoted value may hold line breaks."""
    reader = csv.reader(file, strict=True)
    before = reader.line_num
    for row in reader:
        if row:
            yield before + 1, row
        before = reader.line_num


def _places(path: Path, header: Sequence[str], needed: Sequence[str]) -> list[int]:
    if not header:
        raise InputError(f"{path} is empty: not even a header line. Deliver it again.")
    absent = [name for name in needed if name not in header]
    if len(header) == 1 and absent and (other := next((mark for mark in ";\t|" if mark in header[0]), None)):
        raise InputError(
            f"The fields of {path} are separated by {other!r}, and a comma is expected. Save it with commas."
        )
    if absent:
        raise InputError(f"{path} lacks the column(s) {', '.join(absent)}; it has {listed(header)}.")
    if twice := [name for name in needed if list(header).count(name) > 1]:
        raise InputError(f"{path} has more than one column {', '.join(twice)}. Correct the source.")
    return [list(header).index(name) for name in needed]


def numbers(column: pd.Series) -> pd.Series:
    """As float64, missing where the source says so (see `MISSING`). InputError for anything else that is no finite number."""
    text = column.astype("str").str.strip()
    absent = column.isna() | text.isin(MISSING)
    found = pd.to_numeric(text.where(~absent), errors="coerce").astype("float64")
    refuse(column, ~absent & ~found.abs().lt(float("inf")), "are not finite numbers")
    return found


def times(column: pd.Series) -> pd.Series:
    """As UTC in microseconds. InputError for what is no ISO 8601 time with an offset: nobody knows which hour it means."""
    text = column.astype("str").str.strip()
    found = pd.to_datetime(text, utc=True, errors="coerce", format="ISO8601")
    zoned = text.str.contains(ZONED_TIME).fillna(False)
    refuse(column, found.isna() | ~zoned, "are not ISO 8601 times with an offset, such as 2014-01-01T01:00:00+01:00")
    return found.astype("datetime64[us, UTC]")


def words(column: pd.Series) -> pd.Series:
    """As text without blanks around it; missing where there is nothing."""
    text = column.str.strip()
    return text.where(text != "")


def refuse(column: pd.Series, wrong: pd.Series, what: str) -> None:
    """InputError when any value is wrong, with the first of them and their lines."""
    if wrong.any():
        first = column[wrong].head(EXAMPLES)
        examples = "; ".join(
            f"line {line}: {_short(str(value))}" for line, value in zip(first.index, first, strict=True)
        )
        raise InputError(f"{int(wrong.sum())} value(s) of column {column.name} {what}: {examples}. Correct the source.")


def _short(value: str) -> str:
    return repr(value) if len(value) <= LONGEST else f"{value[:LONGEST]!r}… ({len(value)} characters)"


def not_read(file: Path) -> list[str]:
    """What else is in the folder, as it is said to people: nobody reads its rows."""
    beside = (one for one in file.parent.rglob("*") if one.is_file() and one != file)
    others = sorted(one.relative_to(file.parent).as_posix() for one in beside)
    return [f"{listed(others)}: only {file.name} is read"] if others else []


def listed(names: Sequence[str]) -> str:
    """Names in a message that stays short."""
    text = ", ".join(names)
    return text if len(text) <= 4 * LONGEST else f"{text[: 4 * LONGEST]}… ({len(names)} columns)"

"""Names and numbers in a sentence: counted, listed, cut; and what somebody may have meant."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

SHOWN = 12
"""Names shown of a long list; a workload may have a thousand circuits."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` (did you mean X?)`, or nothing when nothing known is close."""
    by_fold = {name.casefold(): name for name in known}
    close = get_close_matches(word.casefold(), by_fold, n=1)
    return f" (did you mean {by_fold[close[0]]}?)" if close else ""


def cut(text: str, longest: int) -> str:
    """The text; with `…` at its end where it is longer."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def counted(count: int, noun: str) -> str:
    """`1 circuit`, `2 circuits`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def listed(names: Iterable[str]) -> str:
    """`a, b, c`, and how many more when there are many; `none` when there is none."""
    every = list(names)
    more = f" and {len(every) - SHOWN} more" if len(every) > SHOWN else ""
    return (", ".join(every[:SHOWN]) + more) or "none"


def listed_reasons(reasons: Mapping[str, str], most: int = 10) -> str:
    """`circuit: reason; …`, and how many more; a sentence, however large the fleet."""
    shown = [f"{name}: {reason}" for name, reason in list(reasons.items())[:most]]
    return "; ".join([*shown, *([f"and {len(reasons) - most} more"] if len(reasons) > most else [])])

"""Text from outside as it is shown to people: it says what it says, and does nothing to the page, the terminal or the log."""

MARK = "\N{REPLACEMENT CHARACTER}"
"""In place of a character that would act: an escape, a return of the carriage, a change of direction, a width of nothing."""


def shown(text: object) -> str:
    """One line: whatever does not print is a blank, and blanks stand alone."""
    return " ".join("".join(char if char.isprintable() else " " for char in str(text)).split())


def shown_lines(text: str) -> str:
    """Several lines: what does not print is marked, but for tabs and the ends of lines."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in "\n\t" else MARK for char in text)

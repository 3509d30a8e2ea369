"""Where a text may be broken into lines: at a blank, never in a word, for names are copied. Rich would break a long word or cut it."""

import re

from rich.cells import cell_len
from rich.text import Text

WORD = re.compile(r"\s*(?:[^\s`]*`[^`]*`\S*|\S+)")
"""Up to the next blank; a command in backquotes is one word, for it is copied whole."""


def broken_at_blanks(text: Text, width: int) -> Text:
    """As lines of at most `width` cells, but for a word that is longer; what follows of a `- item` is indented as it is."""
    lines: list[Text] = []
    for line in text.split("\n", allow_blank=True):
        indent = len(re.match(" *(- )?", line.plain)[0])  # type: ignore[index]  # it matches the empty text, too
        indent = indent if indent < width // 2 else 0
        used, breaks = 0, list[int]()
        for word in WORD.finditer(line.plain):
            if used and used + cell_len(word[0]) > width:
                breaks.append(word.end() - len(word[0].lstrip()))
                used = indent + cell_len(word[0].lstrip())
            else:
                used += cell_len(word[0])
        for at, part in enumerate(line.divide(breaks)):
            part.rstrip()
            lines.append(Text(" " * indent) + part if at else part)
    return Text("\n", no_wrap=True, overflow="ignore").join(lines)

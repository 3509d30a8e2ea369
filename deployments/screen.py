"""The terminal of the commands: whatever is printed, texts from a server or a ledger among it, cannot command it."""

import os
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from deployments.advice import as_typed
from deployments.line_breaks import broken_at_blanks
from domain.shown import shown_lines


class Screen(Console):
    """Rich's console; its own styles are no text, so all of the text can be looked at where it becomes output.

    Text is no markup. Lines are broken at blanks, never in a word, and not at all where nobody looks (a pipe, a file).
    """

    def __init__(self, **given: Any) -> None:
        super().__init__(markup=False, emoji=False, **given)

    def print(self, *objects: Any, **how: Any) -> None:
        """What it names of commands is as it has to be typed here. soft_wrap: all of it as it is given, for other programs."""
        texts = all(isinstance(one, str | Text) for one in objects)
        given: dict[str, Any] = {"crop": False, "soft_wrap": texts or not self.is_terminal} | how
        super().print(*(objects if how.get("soft_wrap") else map(self._fitted, objects)), **given)

    def on_broken_pipe(self) -> None:
        """Who read it has enough. What is under way goes on to its end: it may be half of a switch."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())

    def _fitted(self, one: Any) -> Any:
        text = self.render_str(as_typed(one)) if isinstance(one, str) else one
        return broken_at_blanks(text, self.width) if isinstance(text, Text) and self.is_terminal else text

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Every piece of text, without what would act."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(shown_lines(segment.text), segment.style)


console = Screen()
"""What a command answers."""
aside = Screen(stderr=True)
"""What went wrong, and what is said beside an answer: another program reads standard output."""


def styled(text: str, style: str) -> Text:
    """A text that stands out."""
    return Text(as_typed(text), style)

"""The terminal of the commands: whatever is printed, texts from a server or a ledger among it, cannot command it."""

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from domain.shown import shown_lines


class Screen(Console):
    """Rich's console; its own styles are no text, so all of the text can be looked at where it becomes output."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Every piece of text, without what would act."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(shown_lines(segment.text), segment.style)

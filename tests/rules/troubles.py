"""What goes wrong on purpose with something in memory: a request that fails, an answer that is lost, a power cut."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, TypeVar

Answer = TypeVar("Answer")
What = Literal["refused", "unreachable", "lost answer", "silent no-op", "dies before", "dies after", "meanwhile"]


class PowerCutError(BaseException):
    """The process ends here. Whoever looks after errors does not see it, as nobody sees a kill."""


@dataclass
class Power:
    """on: whether anything answers. A process that died asks nothing more, not even to give its lease back."""

    on: bool = True

    def cut(self) -> PowerCutError:
        """From now on nothing answers."""
        self.on = False
        return PowerCutError("the power fails")

    @contextmanager
    def failing(self) -> Iterator[None]:
        """The body dies; afterwards there is power again."""
        try:
            yield
        except PowerCutError:
            return
        finally:
            self.on = True
        raise AssertionError("the power did not fail")


@dataclass
class Trouble:
    """what happens to the next requests of this verb at this place. times: how many of them. first: who acts before they do."""

    what: What
    verb: str
    where: str
    times: int
    reason: str
    first: Callable[[], object]


@dataclass
class Troubles:
    """refused, unreachable: makes the error for a definite no, and for what may succeed when it is tried again."""

    power: Power
    refused: Callable[[str], Exception]
    unreachable: Callable[[str], Exception]
    waiting: list[Trouble] = field(default_factory=list)
    met: list[Trouble] = field(default_factory=list)

    def add(
        self,
        what: What,
        verb: str,
        where: str = "",
        times: int = 1,
        reason: str = "trouble on purpose",
        first: Callable[[], object] = lambda: None,
    ) -> None:
        """where: a pattern that is found in the place's name."""
        self.waiting.append(Trouble(what, verb, where, times, reason, first))

    def meet(self, verb: str, where: str, act: Callable[[], Answer], nothing: Answer) -> Answer:
        """Do it, or have the trouble that waits for it. nothing: what a request answers that was accepted and not done."""
        if not self.power.on:
            raise PowerCutError("there is no power")
        trouble = next((one for one in self.waiting if one.verb == verb and re.search(one.where, where)), None)
        if trouble is None:
            return act()
        trouble.times -= 1
        self.met.append(trouble)
        if not trouble.times:
            self.waiting.remove(trouble)
        return self._have(trouble, act, nothing)

    def _have(self, trouble: Trouble, act: Callable[[], Answer], nothing: Answer) -> Answer:
        match trouble.what:
            case "refused":
                raise self.refused(trouble.reason)
            case "unreachable":
                raise self.unreachable(trouble.reason)
            case "dies before":
                raise self.power.cut()
            case "silent no-op":
                return nothing
            case "meanwhile":
                trouble.first()
        answer = act()
        if trouble.what == "lost answer":
            raise self.unreachable(trouble.reason)
        if trouble.what == "dies after":
            raise self.power.cut()
        return answer

"""What a run has done that looks after many things, and what it could not do."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from prefect import get_run_logger

from domain.errors import SignalboxError


@dataclass(frozen=True)
class ErrorList:
    """done, undone: in words; undone with the reasons."""

    done: list[str] = field(default_factory=list)
    undone: list[str] = field(default_factory=list)

    @contextmanager
    def collecting(self, what: str) -> Iterator[None]:
        """Whatever keeps this one thing from being done is put down as undone, and the run goes on with the next."""
        try:
            yield
        except SignalboxError as error:
            get_run_logger().error("%s: %s", what, error)
            self.undone.append(f"{what}: {error}")
        except Exception as error:  # noqa: BLE001  # whatever it is, the other things must not wait for it
            get_run_logger().exception("%s", what)
            self.undone.append(f"{what}: {type(error).__name__}: {error}")

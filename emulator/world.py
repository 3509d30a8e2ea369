"""Everything that one emulator knows and does."""

from collections.abc import Callable
from pathlib import Path

from emulator.containers.container_host import ContainerHost
from emulator.execution.executor import Executor
from emulator.execution.warm.warm_start import WarmStart
from emulator.images.builds import Builds
from emulator.images.image_store import ImageStore
from emulator.operations import Hooks, Operations
from emulator.state import State


class World(State):
    """The state of one emulator, and what runs on it: operations, jobs, builds and containers.

    hooks: what resource types do when their operations end. warm: jobs' Python code starts in processes that have imported what
    it commonly needs.
    """

    def __init__(self, folder: Path, hooks: Callable[["World"], Hooks], warm: bool = True) -> None:
        super().__init__(folder)
        self.operations = Operations(self, hooks(self))
        self.warm = WarmStart(warm)
        self.executor = Executor(self, self.warm)
        self.images = ImageStore(folder / "images")
        self.images.sweep()
        self.containers = ContainerHost(self, self.images)
        self.builds = Builds(self, self.images)
        self.operations.settle_left_over()
        self.containers.resume()

    def reset(self) -> None:
        """Empty as on the first day, and jobs, builds and containers ended."""
        self.executor.shutdown()
        self.containers.shutdown()
        self.builds.shutdown()
        self.operations.forget()
        self.empty()
        self.images.reset()

    def close(self) -> None:
        """End what runs and give the files back."""
        self.executor.shutdown()
        self.warm.close()
        self.containers.shutdown()
        self.builds.shutdown()
        self.operations.settle_all()
        self.store.close()

"""Everything that one emulator knows and does."""

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.arm.operations import Operations
from emulator.arm.store import Store
from emulator.behaviours import load_behaviours
from emulator.containers.container_host import ContainerHost
from emulator.dataplane.storage_keys import StorageKeys
from emulator.execution.warm.warm_start import WarmStart
from emulator.faults import Faults
from emulator.images.image_store import ImageStore
from emulator.journal import Journal
from emulator.pace import Pace
from emulator.sign_ins import SignIns
from emulator.users import Users

if TYPE_CHECKING:
    from emulator.dataplane.blob_store import BlobStore
    from emulator.execution.executor import Executor
    from emulator.images.builds import Builds


class World:
    """The state of one emulator, under one folder: resources, blobs, images, running jobs and containers; and people, in memory.

    warm: jobs' Python code starts in processes that have imported what it commonly needs.
    """

    def __init__(self, state: Path, warm: bool = True) -> None:
        state.mkdir(parents=True, exist_ok=True)
        state.chmod(0o700)  # of an earlier one, too: whatever modes its files have
        load_behaviours()
        self.state = state
        self.pace = Pace()
        self.faults = Faults()
        self.journal = Journal()
        self.users = Users()
        self.sign_ins = SignIns()
        self.store = Store(state / "azure.sqlite")
        self.operations = Operations(self)
        self.keys = StorageKeys(state)
        self.blobs: BlobStore = importlib.import_module("emulator.dataplane.blob_store").BlobStore(state / "blobs")
        self.warm = WarmStart(warm)
        self.executor: Executor = importlib.import_module("emulator.execution.executor").Executor(self)
        self.images = ImageStore(state / "images")
        self.images.sweep()
        self.containers = ContainerHost(self)
        self.builds: Builds = importlib.import_module("emulator.images.builds").Builds(self)
        self.operations.settle_left_over()
        self.containers.resume()

    def reset(self) -> None:
        """Empty as on the first day: jobs ended, resources, blobs and people gone, faults and pace as by default."""
        self.executor.shutdown()
        self.containers.shutdown()
        self.builds.shutdown()
        self.operations.forget()
        self.store.reset()
        self.blobs.reset()
        self.images.reset()
        self.faults.clear()
        self.journal.clear()
        self.users.clear()
        self.sign_ins.clear()
        self.pace = Pace()

    def close(self) -> None:
        """End what runs and give the files back."""
        self.executor.shutdown()
        self.warm.close()
        self.containers.shutdown()
        self.builds.shutdown()
        self.operations.settle_all()
        self.store.close()

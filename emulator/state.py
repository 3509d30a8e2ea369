"""What one emulator knows, under one folder, without anything that runs."""

from pathlib import Path

from emulator.arm.store import Store
from emulator.controls.faults import Faults
from emulator.controls.journal import Journal
from emulator.controls.pace import Pace
from emulator.identity.sign_ins import SignIns
from emulator.identity.users import Users
from emulator.storage.blob_store import BlobStore
from emulator.storage.keys import StorageKeys


class State:
    """Resources, blobs and keys, which the folder keeps; people, sign-ins, faults, pace and journal, which are in memory only."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)  # of an earlier one, too: whatever modes its files have
        self.folder = folder
        self.pace = Pace()
        self.faults = Faults()
        self.journal = Journal()
        self.users = Users()
        self.sign_ins = SignIns()
        self.store = Store(folder / "azure.sqlite")
        self.keys = StorageKeys(folder)
        self.blobs = BlobStore(folder / "blobs")

    def empty(self) -> None:
        """As on the first day: nothing stored, nobody known, faults and pace as by default."""
        self.store.reset()
        self.blobs.reset()
        self.faults.clear()
        self.journal.clear()
        self.users.clear()
        self.sign_ins.clear()
        self.pace = Pace()

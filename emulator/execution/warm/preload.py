"""What the parent imports before anybody asks."""

import gc
import importlib
import os
import sys
from contextlib import suppress

from emulator.execution.warm.environment import Reads

PACKAGES = (
    "ctypes",  # the parent's own
    "argparse",
    "csv",
    "dataclasses",
    "datetime",
    "hashlib",
    "json",
    "logging",
    "multiprocessing",
    "pathlib",
    "pickle",
    "runpy",
    "subprocess",
    "tempfile",
    "typing",
    "uuid",
    "numpy",
    "pandas",
    "scipy",
    "scipy.optimize",
    "scipy.sparse",
    "scipy.stats",
    "sklearn",
    "sklearn.compose",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.metrics",
    "sklearn.model_selection",
    "sklearn.pipeline",
    "sklearn.preprocessing",
    "joblib",
    "pyarrow",
    "pyarrow.csv",
    "pyarrow.dataset",
    "pyarrow.parquet",
    "threadpoolctl",
    "yaml",
)


class Missed:
    """A finder that finds nothing and notes what was looked for in vain: user code may have one of that name."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Note it."""
        self.names.add(name.partition(".")[0])


def preload() -> tuple[frozenset[str], frozenset[str]]:
    """Import them all; names of modules that are loaded or were looked for, and of variables that were read."""
    missed = Missed()
    sys.meta_path.append(missed)
    with Reads() as reads:
        for name in PACKAGES:
            with suppress(Exception):  # what is not installed, or broken, user code will meet by itself
                importlib.import_module(name)
    sys.meta_path.remove(missed)
    loaded = {name.partition(".")[0] for name in sys.modules} | missed.names
    return frozenset(loaded - {"emulator", "__main__"}), frozenset(reads.names)


def settle() -> None:
    """Keep what is loaded out of the way of collections: a page that is not touched is shared by all jobs."""
    gc.collect()
    gc.freeze()


def threads() -> int:
    """Of this process."""
    return len(os.listdir("/proc/self/task"))  # noqa: PTH208

"""A workload's own data.py: what seeds its data on a laptop, and the days to show a release with. It lies in the workload's folder."""

import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from importlib.machinery import SourceFileLoader
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

from domain.declaration.workload import Workload
from domain.errors import Terminal
from domain.text import listed

NAME = "data.py"
CUTOFFS = "`cutoffs()`, which returns the days (datetime.date) to show releases with, in order"
SEED = (
    "`seed(missing, directory, report)`, which gets the empty folders as (folder, plant, circuit), with an empty circuit for raw data, "
    "keeps what it fetches in directory, tells report what takes time, and returns {folder: file to upload}"
)

Missing = tuple[str, str, str]
"""A folder of a datastore that is empty, the plant and the circuit of what belongs there; of raw data the circuit is empty."""


def has_data_file(workload: Workload) -> bool:
    """Whether there is one."""
    return (workload.folder / NAME).is_file()


def cutoffs(workload: Workload) -> tuple[date, ...]:
    """Days to show a release with, in order; Terminal says what to write where data.py does not say."""
    file = workload.folder / NAME
    if not file.is_file():
        raise Terminal(
            f"no day can be chosen for {workload.name}, because there is no {file}: give --cutoff, the last day of your data, "
            f"such as 2014-06-30, or write that file with {CUTOFFS}"
        )
    days: Any = _called(file, "cutoffs", CUTOFFS)
    if (
        not isinstance(days, Sequence)
        or not days
        or any(type(day) is not date for day in days)
        or any(earlier >= later for earlier, later in pairwise(days))
    ):
        raise Terminal(
            f"cutoffs() in {file} returned {days!r}: it must return days (datetime.date) in order, at least one"
        )
    return tuple(days)


def seed(
    workload: Workload, missing: Sequence[Missing], directory: Path, report: Callable[[str], None]
) -> dict[str, Path]:
    """A file for each folder that is missing; Terminal when data.py fails or hands over something else."""
    file = workload.folder / NAME
    files: Any = _called(file, "seed", SEED, missing, directory, report)
    if not isinstance(files, dict) or not all(isinstance(one, Path) and one.is_file() for one in files.values()):
        raise Terminal(
            f"seed() in {file} returned {files!r}: it must return a dict with a file (pathlib.Path) that is there for each folder"
        )
    wanted = {folder for folder, *_ in missing}
    if files.keys() != wanted:
        raise Terminal(
            f"seed() in {file} returned files for {listed(map(str, files))}: "
            f"it must return one for each of {listed(sorted(wanted))}, and for no other"
        )
    return files


def _called(file: Path, name: str, must_be: str, *arguments: object) -> object:
    with _located(file):
        module = _loaded(file)
    function = getattr(module, name, None)
    if not callable(function):
        raise Terminal(f"{file} has no function {name}: write {must_be}")
    with _located(file):
        return function(*arguments)


def _loaded(file: Path) -> ModuleType:
    """By its place, whatever it would be called as a module: a workload's folder need not be a package that can be imported."""
    loader = SourceFileLoader(f"data_of_{file.parent.name}", str(file))
    module = ModuleType(loader.name)
    module.__file__ = str(file)
    sys.modules[loader.name] = module  # dataclasses and pickle look there
    loader.exec_module(module)
    return module


@contextmanager
def _located(file: Path) -> Iterator[None]:
    """What goes wrong in a data.py is told with its line there."""
    try:
        yield
    except Terminal:
        raise
    except Exception as error:  # somebody else's code, of which anything may come
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
        if isinstance(error, SyntaxError) and error.filename == str(file):
            lines = [error.lineno]
        where = f"{file}:{lines[-1]}" if lines else str(file)
        raise Terminal(
            f"the data of {file.parent.name} cannot be had: {where}: {type(error).__name__}: {error}"
        ) from error

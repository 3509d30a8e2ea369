"""A copy of the domain and its tests, in which modules are changed and tests run; the tree itself is never touched."""

import ast
import importlib
import json
import os
import resource
import shutil
import signal
import sys
import time
from collections import Counter, defaultdict
from contextlib import suppress
from pathlib import Path

from order import Order

TREE = Path(__file__).parents[2]
COPIED = ("domain", "tests/domain", "tests/fuzz")
PYTEST = [
    "tests/domain",
    *("-x", "-q", "--no-header", "--tb=line", "-p", "no:cacheprovider", "-o", "timeout=0"),
    *("-p", "pytest_timeout", "-p", "_hypothesis_pytestplugin"),  # the only two that the tests need
]
PRINTED = "printed.txt"
TESTS = "tests.json"
BROKEN = 100
"""The exit code of a run that says nothing about the change; pytest has none of this number."""
MEMORY_BYTES = 4 * 1024**3
"""A change may make a loop endless; it must not take the machine with it."""
PATIENCE = 10
"""How often the seconds of computing may pass in waiting: other work must not make a change look noticed."""
LOOK_SECONDS = 0.005


class Workshop:
    """One copy. Each run of its tests is a fork of this process, which has imported what is slow to import."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seconds: dict[str, float] = {}
        self.noticed: defaultdict[str, Counter[str]] = defaultdict(Counter)
        """Module → test → how many changes of the module it noticed."""

    @classmethod
    def of_tree(cls, folder: Path) -> "Workshop":
        """With a copy of the tree's part in an empty folder."""
        for part in COPIED:
            shutil.copytree(TREE / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy2(TREE / "pyproject.toml", folder)
        return cls(folder)

    def copied_to(self, folder: Path) -> "Workshop":
        """Another, with the same code and experience."""
        shutil.copytree(self.folder, folder)
        other = Workshop(folder)
        other.seconds = self.seconds
        return other

    def unchanged(self) -> tuple[bool, str]:
        """Whether all tests pass as things are, and what they printed. Keeps the compiled code, and how long each took."""
        printed = ""
        for _ in range(2):  # the first run compiles
            passed, printed = self._run(Order(self.folder / TESTS), 600, compile_all=True)
            if not passed:
                return False, printed
        self.seconds = json.loads((self.folder / TESTS).read_text())["took"]
        return True, printed

    def passes(self, module: str, code: str, seconds: float) -> bool:
        """Whether all tests pass when a module has this code, within so many seconds of computing."""
        path, tests = self.folder / module, self.folder / TESTS
        original, times = path.read_bytes(), path.stat()
        tests.unlink(missing_ok=True)
        try:
            path.write_text(code, encoding="utf-8")
            # another time than the original's, or Python takes it for the code that it has compiled
            os.utime(path, (times.st_atime, times.st_mtime + 10))
            passed, _ = self._run(Order(tests, self.seconds, self.noticed[module]), seconds)
        finally:
            path.write_bytes(original)
            os.utime(path, (times.st_atime, times.st_mtime))
        if tests.exists():
            self.noticed[module].update(json.loads(tests.read_text())["failed"])
        return passed

    def _run(self, order: Order, seconds: float, *, compile_all: bool = False) -> tuple[bool, str]:
        child = os.fork()
        if child == 0:
            _run_and_exit(self.folder, order, int(seconds), compile_all)
        for _ in range(int(PATIENCE * seconds / LOOK_SECONDS)):  # counted, for a clock goes on while all this is paused
            time.sleep(LOOK_SECONDS)
            if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                break
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # what the tests left behind, too; until it is awaited, the number is ours
        _, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) == BROKEN:
            raise RuntimeError(f"the tests could not be run in {self.folder}")
        return status == 0, (self.folder / PRINTED).read_text(errors="replace")


def _run_and_exit(folder: Path, order: Order, seconds: int, compile_all: bool) -> None:
    """In a process of its own, which ends here."""
    code = BROKEN
    try:
        os.setsid()
        os.chdir(folder)
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        sys.path.insert(0, str(folder))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        output = os.open(folder / PRINTED, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(output, stream)
        sys.dont_write_bytecode = not compile_all
        _find_quickly()
        import pytest

        code = 1
        code = int(pytest.main(PYTEST, plugins=[order]))
    finally:
        sys.stdout.flush()
        os._exit(code)


def _find_quickly() -> None:
    """A property's counterexample is found, not made small; and every run tries the same examples."""
    from hypothesis import Phase, settings

    phases = (Phase.explicit, Phase.generate)
    settings.register_profile("mutants", database=None, derandomize=True, deadline=None, phases=phases)
    settings.load_profile("mutants")


def import_what_others_made(folder: Path) -> None:
    """Import every module that the copy imports and the tree does not hold: two thirds of a short run."""
    own = {path.stem for path in (*TREE.iterdir(), *folder.rglob("*.py"))}
    wanted = {"pytest", "hypothesis"}
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                wanted |= {one.name for one in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                wanted.add(node.module)
    for name in sorted(wanted):
        if name.partition(".")[0] not in own:
            with suppress(ImportError):  # the run that needs it says so
                importlib.import_module(name)
    assert "domain" not in sys.modules, "a change of the domain would go unseen"

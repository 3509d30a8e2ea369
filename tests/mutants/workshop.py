"""A copy of the domain and its tests, in which modules are changed and tests run; the tree itself is never touched."""

import ast
import importlib
import os
import re
import resource
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

TREE = Path(__file__).parents[2]
COPIED = ("domain", "tests/domain", "tests/fuzz")
PYTEST = (
    *("-x", "-q", "--no-header", "--tb=line", "-p", "no:cacheprovider"),
    *("-p", "pytest_timeout", "-p", "_hypothesis_pytestplugin"),  # the only two that the tests need
)
PRINTED = "printed.txt"
FAILED = re.compile(r"^(?:FAILED|ERROR) (tests/domain/\w+\.py)", re.MULTILINE)
MEMORY_BYTES = 4 * 1024**3
"""A change may make a loop endless; it must not take the machine with it."""
PATIENCE = 10
"""How often the seconds of computing may pass on the clock: other work must not make a change look noticed."""


class Workshop:
    """One copy. Each run of its tests is a fork of this process, which has imported what is slow to import."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.noticed: dict[str, str] = {}

    @staticmethod
    def make(folder: Path) -> None:
        """Copy the tree's part into an empty folder."""
        for part in COPIED:
            shutil.copytree(TREE / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy2(TREE / "pyproject.toml", folder)

    def passes(self, module: str, code: str, seconds: float) -> bool:
        """Whether all tests pass when a module has this code: first the file that noticed the last change of it."""
        path = self.folder / module
        original, times = path.read_bytes(), path.stat()
        first = self.noticed.get(module, f"tests/domain/test_{path.stem}.py")
        try:
            path.write_text(code, encoding="utf-8")
            # another time than the original's, or Python takes it for the code that it has compiled
            os.utime(path, (times.st_atime, times.st_mtime + 10))
            if (self.folder / first).exists() and not self.run([first], seconds)[0]:
                return False
            passed, printed = self.run(["tests/domain"], seconds)
        finally:
            path.write_bytes(original)
            os.utime(path, (times.st_atime, times.st_mtime))
        failed = FAILED.search(printed)
        if failed:
            self.noticed[module] = failed[1]
        return passed

    def run(self, tests: list[str], seconds: float, *, compile_all: bool = False) -> tuple[bool, str]:
        """Whether tests pass within seconds of computing, and what they printed. compile_all: keep the compiled code."""
        child = os.fork()
        if child == 0:
            _run_and_exit(self.folder, tests, int(seconds), compile_all)
        until = time.monotonic() + PATIENCE * seconds
        ended = None
        while ended is None and time.monotonic() < until:
            time.sleep(0.005)
            ended = os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # what the tests left behind, too; until it is awaited, the number is ours
        _, status = os.waitpid(child, 0)
        return status == 0, (self.folder / PRINTED).read_text(errors="replace")


def _run_and_exit(folder: Path, tests: list[str], seconds: int, compile_all: bool) -> None:
    """In a process of its own, which ends here."""
    code = 1
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

        code = int(pytest.main([*PYTEST, *tests]))
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

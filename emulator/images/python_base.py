"""The image `python`: this machine's Python, with a venv of its own at /usr/local, where Docker's image has it."""

import re
import shutil
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from emulator.images.build_failure import BuildFailedError
from emulator.images.image_config import ImageConfig
from emulator.images.tree import copy_tree, new_tree

NAME = re.compile(
    r"(?:docker\.io/)?(?:library/)?python(?::(?P<version>3(?:\.\d+){0,2})?-?(?:latest|slim|trixie|bookworm|bullseye|-)*)?"
)
PATH = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
FOLDERS = ("tmp", "root", "var", "etc", "opt", "home", "usr/local/bin")
"""Those of which images of Python are sure, as far as a command's paths lead into the tree (see tree_paths)."""

BASE = ".python"
"""A link to the tree that is copied, beside all trees."""
_making = threading.Lock()

Run = Callable[[list[str], Path], int]
"""Runs a command in a folder; the exit code."""


def here() -> str:
    """This machine's version, such as 3.11.7."""
    return ".".join(str(part) for part in sys.version_info[:3])


def python_tree(trees: Path, run: Run) -> tuple[Path, ImageConfig]:
    """A new tree of that image. Its venv is made once an emulator, and copied; it sees no package but its own."""
    kept = trees / BASE
    with _making:
        if not kept.exists():
            root = new_tree(trees)
            for folder in FOLDERS:
                (root / folder).mkdir(parents=True, exist_ok=True)
            if run([sys.executable, "-m", "venv", str(root / "usr" / "local")], root) != 0:
                shutil.rmtree(root)
                raise BuildFailedError(
                    "this machine's Python cannot make a venv (Debian: apt-get install python3-venv)"
                )
            kept.symlink_to(root.name)
    root = copy_tree(trees / kept.readlink(), trees)
    config = ImageConfig(
        env={"PATH": PATH, "LANG": "C.UTF-8", "PYTHON_VERSION": here()}, command=("python3",), workdir="/"
    )
    return root, config


def python_of(root: Path) -> Path | None:
    """The interpreter of a tree's venv, if it has one."""
    python = root / "usr" / "local" / "bin" / "python"
    return python if python.exists() else None

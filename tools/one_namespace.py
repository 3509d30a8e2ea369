"""How the wheel is built: the top-level folders of the repository become rooms of one package, `signalbox`.

A repository's own folders may be called `tasks` or `flows`; in site-packages those names belong to whoever installs us. So a wheel holds
`signalbox/tasks`, `signalbox/flows` and so on, and nothing else: the folders are copied, and what names a module of ours (imports,
texts that are exactly such a name, Prefect's entry points) gets the prefix. An editable install and the tests use the folders as they are.
(PEP 517; standard library and setuptools.)
"""

import ast
import contextlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from setuptools import build_meta

NAMESPACE = "signalbox"
ROOT = Path(__file__).parents[1]
PACKAGES = ("domain", "blocks", "tasks", "flows", "deployments", "emulator", "workloads")
BESIDE = ("prefect.yaml",)
"""Files that the product reads beside its packages."""
NOT_SHIPPED = shutil.ignore_patterns("__pycache__", "*.pyc", ".*_cache")

_OURS = re.compile(rf"({'|'.join(PACKAGES)})(\.[A-Za-z_]\w*)*")
_ENTRY_POINT = re.compile(rf"^(\s*entrypoint:\s*)({'|'.join(PACKAGES)})\.", re.MULTILINE)

get_requires_for_build_wheel = build_meta.get_requires_for_build_wheel
get_requires_for_build_sdist = build_meta.get_requires_for_build_sdist
get_requires_for_build_editable = build_meta.get_requires_for_build_editable
prepare_metadata_for_build_editable = build_meta.prepare_metadata_for_build_editable
build_editable = build_meta.build_editable
build_sdist = build_meta.build_sdist


class AmbiguousImportError(Exception):
    """`import tasks.ledger` binds the name `tasks`, which means something else in the wheel; `from … import …` does not."""


def build_wheel(folder: str, settings: dict[str, Any] | None = None, metadata_folder: str | None = None) -> str:
    """Build the wheel in a folder; returns its file name."""
    with tempfile.TemporaryDirectory() as place:
        stage(Path(place))
        with contextlib.chdir(place):
            return str(build_meta.build_wheel(str(Path(folder).resolve()), settings))


def stage(place: Path) -> None:
    """What the wheel is built from: the packages under one, and the project file that says so."""
    home = place / NAMESPACE
    home.mkdir()
    (home / "__init__.py").write_text('"""Model release trains for Azure ML on Prefect."""\n')
    for package in PACKAGES:
        shutil.copytree(ROOT / package, home / package, ignore=NOT_SHIPPED)
    for name in BESIDE:
        (home / name).write_text(_ENTRY_POINT.sub(rf"\1{NAMESPACE}.\2.", (ROOT / name).read_text()))
    for file in home.rglob("*.py"):
        text = file.read_text()
        moved = under_namespace(text)
        if moved != text:
            file.write_text(moved)
    for name in ("README.md", "LICENSE"):
        if (ROOT / name).exists():
            shutil.copy2(ROOT / name, place)
    (place / "pyproject.toml").write_text(_project_file())


def under_namespace(source: str) -> str:
    """A module's text with every module of ours named as the wheel names it."""
    tree = ast.parse(source)
    lines = source.splitlines(keepends=True)
    for line, column in sorted(_places(tree, lines), reverse=True):
        raw = lines[line - 1].encode()
        lines[line - 1] = (raw[:column] + f"{NAMESPACE}.".encode() + raw[column:]).decode()
    return "".join(lines)


def _places(tree: ast.Module, lines: list[str]) -> Iterator[tuple[int, int]]:
    """Line and byte where a name of ours begins."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            if node.level == 0 and node.module and _OURS.fullmatch(node.module):
                yield node.lineno, node.col_offset + len("from ")
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if _OURS.fullmatch(alias.name):
                    if alias.asname is None and _is_used(tree, alias.name.partition(".")[0]):
                        raise AmbiguousImportError(f"import {alias.name}: write `from … import …`")
                    yield alias.lineno, alias.col_offset
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _names_a_module(node.value):
            text = lines[node.lineno - 1].encode()[node.col_offset :].decode()
            yield node.lineno, node.col_offset + len(text) - len(text.lstrip("rbuf")) + 1


def _is_used(tree: ast.Module, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(tree))


def _names_a_module(text: str) -> bool:
    """Whether it is the dotted name of a module that is there."""
    if "." not in text or not _OURS.fullmatch(text):
        return False
    path = ROOT / text.replace(".", "/")
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def _project_file() -> str:
    """pyproject.toml for the wheel: what it is and needs as here, packages and command under the namespace."""
    head, _, _ = (ROOT / "pyproject.toml").read_text().partition("[tool.")
    for old, new in (
        ('build-backend = "one_namespace"\nbackend-path = ["tools"]\n', 'build-backend = "setuptools.build_meta"\n'),
        ('signalbox = "deployments.cli:app"', f'signalbox = "{NAMESPACE}.deployments.cli:app"'),
    ):
        if head.count(old) != 1:
            raise ValueError(f"pyproject.toml has {old!r} {head.count(old)} times before its tools, not once")
        head = head.replace(old, new)
    return f"""{head}
[tool.setuptools.packages.find]
include = ["{NAMESPACE}*"]

[tool.setuptools.package-data]
"*" = ["**/*", "**/.*"]
"""

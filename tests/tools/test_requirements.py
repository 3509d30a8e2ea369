"""Each file of requirements/ pins what its purpose needs, and nothing else; what is installed here is the judge."""

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from set_up import REQUIREMENTS, ROOT, pins

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PRODUCT = tuple(map(Requirement, PROJECT["project"]["dependencies"]))
EXTRAS = {name: tuple(map(Requirement, listed)) for name, listed in PROJECT["project"]["optional-dependencies"].items()}
DEVELOPMENT = tuple(map(Requirement, PROJECT["dependency-groups"]["dev"]))
LAYERS = ("domain", "blocks", "tasks", "flows", "deployments")
TRAINING = {folder.parent.name: folder for folder in sorted(ROOT.glob("workloads/*/code"))}
INCLUDED = sorted((ROOT / "workloads" / "included").rglob("*.py"))
"""What the workloads' components share."""
ONLY_ELSEWHERE = {"emulator", "workloads", "sklearn", "joblib", "threadpoolctl", "flask", "waitress"}
FOR_THE_LAPTOP = frozenset(
    {"scikit-learn", "joblib", "threadpoolctl", "trustme", "httptools", "uvloop", "flask", "waitress"}
)
"""Some of what a worker in the cloud has no use for."""


def pinned(purpose: str) -> dict[str, Requirement]:
    """What a file pins for this machine, by name."""
    found = {}
    for lines in pins((REQUIREMENTS / f"{purpose}.txt").read_text()).values():
        for line in lines:
            one = Requirement(line.partition("\\")[0].strip())
            if one.marker is None or one.marker.evaluate():
                found[canonicalize_name(one.name)] = one
    return found


def closure(wanted: Iterable[Requirement]) -> set[str]:
    """Names of all that is needed on this machine, by the metadata of what is installed here."""
    left, seen = [(one, "") for one in wanted], set()
    found = set()
    while left:
        one, extra = left.pop()
        if one.marker is not None and not one.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(one.name)
        found.add(name)
        for asked in {"", *one.extras}:
            if (name, asked) not in seen:
                seen.add((name, asked))
                left += [(Requirement(text), asked) for text in distribution(name).requires or ()]
    return found


def imported(files: Iterable[Path]) -> Iterator[str]:
    """Top-level names that modules import, wherever in them."""
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.partition(".")[0]


def unpinned(files: Iterable[Path], names: Iterable[str]) -> set[str]:
    """Installed packages that the files import and that none of these distributions brings."""
    brought = packages_distributions()
    pinned = set(names)
    return {
        name
        for name in imported(files)
        if name in brought
        and "signalbox" not in brought[name]
        and pinned.isdisjoint(map(canonicalize_name, brought[name]))
    }


def test_there_is_a_file_for_each_purpose() -> None:
    assert {file.stem for file in REQUIREMENTS.iterdir()} == {"product", "development", *EXTRAS}
    assert {name.replace("_", "-") for name in TRAINING} == EXTRAS.keys() - {"emulator"}


def test_the_product_is_pinned_whole_and_alone() -> None:
    assert pinned("product").keys() == closure(PRODUCT)
    assert FOR_THE_LAPTOP.isdisjoint(pinned("product"))


@pytest.mark.parametrize("extra", EXTRAS)
def test_an_extra_has_what_it_adds_to_the_product(extra: str) -> None:
    assert pinned(extra).keys() == closure(EXTRAS[extra]) - pinned("product").keys()


def test_development_has_the_rest() -> None:
    others = set().union(*(pinned(purpose).keys() for purpose in ("product", *EXTRAS)))
    assert pinned("development").keys() == closure(DEVELOPMENT) - others


def test_every_pin_has_hashes_and_is_the_same_in_every_file() -> None:
    texts: dict[str, set[str]] = {}
    for file in REQUIREMENTS.iterdir():
        for name, lines in pins(file.read_text()).items():
            assert all("==" in line and "--hash=sha256:" in line for line in lines), name
            texts.setdefault(name, set()).add("".join(lines))
        assert "".join("".join(lines) for lines in pins(file.read_text()).values()) == file.read_text()
    assert len(texts) > 200
    assert [name for name, found in texts.items() if len(found) > 1] == []


def test_every_pin_is_what_is_asked_for() -> None:
    asked = [*PRODUCT, *DEVELOPMENT, *(one for listed in EXTRAS.values() for one in listed)]
    found: dict[str, Requirement] = {}
    for file in REQUIREMENTS.iterdir():
        found |= pinned(file.stem)
    for one in asked:
        if one.marker is None or one.marker.evaluate():
            version = str(found[canonicalize_name(one.name)].specifier).removeprefix("==")
            assert one.specifier.contains(version, prereleases=True), one


def test_the_layers_import_only_what_a_worker_has() -> None:
    files = [file for layer in LAYERS for file in (ROOT / layer).rglob("*.py")]
    assert len(files) > 200
    assert unpinned(files, pinned("product")) == set()


def test_what_runs_in_a_worker_knows_nothing_of_a_laptop() -> None:
    files = [file for layer in LAYERS[:-1] for file in (ROOT / layer).rglob("*.py")]
    assert ONLY_ELSEWHERE.isdisjoint(imported(files))


def test_the_emulator_imports_only_what_the_product_and_its_extra_bring() -> None:
    files = list((ROOT / "emulator").rglob("*.py"))
    assert unpinned(files, pinned("product") | pinned("emulator")) == set()
    assert unpinned(files, pinned("product")) == {"trustme", "uvloop"}


@pytest.mark.parametrize("workload", TRAINING)
def test_training_code_imports_only_what_the_product_and_its_extra_bring(workload: str) -> None:
    files = [*TRAINING[workload].rglob("*.py"), *INCLUDED]
    assert unpinned(files, pinned("product") | pinned(workload.replace("_", "-"))) == set()
    assert unpinned(files, pinned("product")) == {"sklearn", "joblib", "threadpoolctl"}


def test_a_dependency_that_nobody_pinned_is_found() -> None:
    assert closure([Requirement("joblib"), Requirement("flask")]) > pinned("plants").keys() & {"joblib"}
    assert "werkzeug" in closure([Requirement("flask")])
    assert "h2" in closure([Requirement("httpx[http2]")]) - closure([Requirement("httpx")])
    with pytest.raises(PackageNotFoundError, match="not-installed-anywhere"):
        closure([Requirement("not-installed-anywhere")])
    assert not re.search("scikit", (REQUIREMENTS / "product.txt").read_text())

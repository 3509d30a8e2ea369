"""The image's recipe: nothing comes along that was not tested, and nothing is missing."""

import re
import sys
from importlib.metadata import packages_distributions, requires
from pathlib import Path

from packaging.requirements import Requirement

SERVICE = Path(__file__).parents[3] / "workloads" / "estimation_engine" / "service"
LINES = [line for line in (SERVICE / "requirements.txt").read_text().splitlines() if not line.startswith("#")]
DOCKERFILE = (SERVICE / "Dockerfile").read_text()


def test_every_package_is_pinned_and_brings_nothing_that_is_not_named() -> None:
    pinned = {Requirement(line).name.lower() for line in LINES if re.fullmatch(r"[a-z0-9-]+==[0-9.]+", line)}
    assert len(pinned) == len(LINES)
    needed = {
        requirement.name.lower().replace("_", "-")
        for name in pinned
        for requirement in map(Requirement, requires(name) or [])
        if requirement.marker is None or requirement.marker.evaluate({"extra": "", "python_version": "3.11"})
    }
    assert needed <= pinned


def test_what_the_service_imports_is_named() -> None:
    sources = "\n".join(file.read_text() for file in (SERVICE / "estimation").glob("*.py"))
    imported = set(re.findall(r"^(?:from|import) (\w+)", sources, re.MULTILINE)) - sys.stdlib_module_names
    pinned = {line.partition("==")[0] for line in LINES}
    assert imported
    shipped = {name: {one.replace("_", "-") for one in packages_distributions()[name]} for name in imported}
    assert {name for name, by in shipped.items() if not pinned & by} == set()


def test_the_service_runs_as_nobody_in_particular_and_the_recipe_copies_what_the_context_has() -> None:
    assert re.search(r"^USER 10001:10001$", DOCKERFILE, re.MULTILINE)
    assert 'CMD ["python", "-m", "estimation"]' in DOCKERFILE.splitlines()
    copied = re.findall(r"^COPY (\S+) ", DOCKERFILE, re.MULTILINE)
    assert copied == ["requirements.txt", "estimation", "model"]
    assert all((SERVICE / name).exists() for name in copied if name != "model")

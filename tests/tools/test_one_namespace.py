"""A wheel has one importable name, which meets nobody's `tasks` or `flows`; inside it everything finds everything."""

import ast
import subprocess
import sys
import zipfile
from pathlib import Path

import one_namespace
import pytest
import yaml

ROOT = Path(__file__).parents[2]
ALONE = """
import sys
sys.meta_path[:] = [one for one in sys.meta_path if "editable" not in repr(one)]  # an installed one has no repository beside it
sys.path.insert(0, sys.argv[1])
from importlib import import_module
for entry in sys.argv[2:]:
    module, _, name = entry.rpartition(".")
    print(getattr(import_module(module), name).name)
print(sorted({name.partition(".")[0] for name in sys.modules} & {"domain", "blocks", "tasks", "flows", "deployments", "emulator", "workloads"}))
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's content."""
    place = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(place)]
    subprocess.run([*build, str(ROOT)], check=True, timeout=300)
    (wheel,) = place.glob("*.whl")
    with zipfile.ZipFile(wheel) as content:
        content.extractall(place / "content")
    return place / "content"


def imported(file: Path) -> set[str]:
    """Dotted names that a module imports, wherever in it."""
    nodes = list(ast.walk(ast.parse(file.read_text())))
    named = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return named | {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}


def test_a_wheel_has_one_name_to_import(unpacked: Path) -> None:
    assert sorted(one.name for one in unpacked.iterdir()) == ["signalbox", "signalbox-0.1.0.dist-info"]
    commands = (unpacked / "signalbox-0.1.0.dist-info" / "entry_points.txt").read_text()
    assert "signalbox = signalbox.deployments.cli:app" in commands


def test_nothing_in_a_wheel_imports_a_folder_of_the_repository(unpacked: Path) -> None:
    files = sorted((unpacked / "signalbox").rglob("*.py"))
    assert len(files) > 500
    found = {str(file): imported(file) for file in files}
    ours = set(one_namespace.PACKAGES)
    assert {file: names for file, names in found.items() if {name.partition(".")[0] for name in names} & ours} == {}
    missing = {
        name
        for names in found.values()
        for name in names
        if name.startswith("signalbox.")
        and not (unpacked / name.replace(".", "/")).with_suffix(".py").is_file()
        and not (unpacked / name.replace(".", "/") / "__init__.py").is_file()
    }
    assert missing == set()


def test_a_wheel_has_every_file_that_git_has_of_its_packages(unpacked: Path) -> None:
    command = ["git", "ls-files", "--", *one_namespace.PACKAGES]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert len(listed) > 500
    assert [name for name in listed if (ROOT / name).exists() and not (unpacked / "signalbox" / name).exists()] == []


def test_the_flows_of_a_wheel_load_without_the_repository(unpacked: Path, tmp_path: Path) -> None:
    deployed = yaml.safe_load((unpacked / "signalbox" / "prefect.yaml").read_text())["deployments"]
    entries = [one["entrypoint"] for one in deployed]
    assert all(entry.startswith("signalbox.flows.") for entry in entries)
    command = [sys.executable, "-c", ALONE, str(unpacked), *entries]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    names = [one["name"] for one in deployed]
    assert done.stdout.splitlines() == [*names, "[]"]


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("from tasks.ledger.facts import record", "from signalbox.tasks.ledger.facts import record"),
        ("from flows import release as é", "from signalbox.flows import release as é"),
        ("def f():\n    from domain.unit import Unit", "def f():\n    from signalbox.domain.unit import Unit"),
        ("import flows.release as flow", "import signalbox.flows.release as flow"),
        ("import json, domain.unit", "import json, signalbox.domain.unit"),
        (
            "é = ('flows.release', 'flows.nowhere', 'flows')",
            "é = ('signalbox.flows.release', 'flows.nowhere', 'flows')",
        ),
        ("from flowsheet import tasks\nimport tasksets", "from flowsheet import tasks\nimport tasksets"),
        ("from . import unit", "from . import unit"),
    ],
)
def test_what_names_a_module_of_ours_gets_the_prefix(here: str, there: str) -> None:
    assert one_namespace.under_namespace(here) == there


def test_an_import_that_would_mean_something_else_is_refused() -> None:
    with pytest.raises(one_namespace.AmbiguousImportError, match=r"import domain\.unit: write `from"):
        one_namespace.under_namespace("import domain.unit\nprint(domain.unit.Unit)")

"""The layering rules that CONTRIBUTING.md states hold, and breaking one shows."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PACKAGES = ("domain", "blocks", "tasks", "flows", "deployments", "emulator", "workloads")
LINT_IMPORTS = Path(sys.executable).parent / "lint-imports"

# what may not be imported in a package, and by which files all the same
FORBIDDEN = {
    "domain": ("azure", "prefect"),
    "flows": ("azure",),
    "emulator": ("azure", "prefect"),
}
INDEX = re.compile(
    r"""(?x) https?://[^\s"'<>]* ( pypi\.org | pythonhosted | /simple(/|\b) | artifactory | registry\.npmjs )
    | (?<![\w-]) --? (extra-)? index[-]url [\s=] | ^\s* (extra-)? index[-]url \s* = | --find[-]links [\s=]""",
    re.MULTILINE,
)


def tracked() -> list[Path]:
    """Every file that git knows or would take."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / line for line in listed.splitlines() if (ROOT / line).is_file()]


def imported(source: str) -> Iterator[str]:
    """Dotted names that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def breaches(source: str, forbidden: Iterable[str]) -> list[str]:
    """Imports of a forbidden package or of something inside it."""
    return sorted(
        name for name in set(imported(source)) if any(name == one or name.startswith(f"{one}.") for one in forbidden)
    )


def shadowing(stems: Iterable[str]) -> list[str]:
    """Stems that are also a top-level package, ours or installed, or a module of the standard library."""
    taken = set(sys.stdlib_module_names) | packages_distributions().keys() | set(PACKAGES)
    return sorted(set(stems) & taken)


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """import-linter with the contracts of pyproject.toml over the packages in a folder."""
    command = [str(LINT_IMPORTS), "--config", str(ROOT / "pyproject.toml"), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)


def test_imports_run_one_way() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("domain/unit.py", "import flows.release", "imports run one way"),
        ("workloads/plants/data.py", "import domain.unit", "import nothing of the product"),
        ("emulator/arm/call.py", "import workloads.plants.data", "stand alone"),
        ("deployments/laptop/data.py", "import workloads.plants.data", "the product imports no workload"),
        ("domain/release/hold.py", "import domain.approval.audit", "rooms of the domain"),
        ("blocks/clients/limiter.py", "import blocks.workspace", "rooms of the blocks"),
        ("tasks/ledger/holds.py", "import tasks.targets.serving", "rooms of the tasks"),
        ("tasks/targets/kubernetes/access.py", "import tasks.targets.helm.target", "rooms of the targets"),
        ("flows/stage/admit.py", "import flows.rollout.soak", "rooms of the flows"),
        ("deployments/environments/environment.py", "import deployments.laptop.lock", "rooms of the deployments"),
        ("emulator/state.py", "import emulator.world", "rooms of the emulator"),
        ("domain/approval/statement.py", "import domain.approval.decision", "no circles"),
    ],
)
def test_an_import_against_the_layers_is_found(tmp_path: Path, module: str, line: str, contract: str) -> None:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    broken = tmp_path / module
    broken.write_text(f"{broken.read_text()}\n{line}\n")
    done = lint_imports(tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(rf"{contract} BROKEN", done.stdout), done.stdout


@pytest.mark.parametrize("package", FORBIDDEN)
def test_a_package_imports_no_sdk_it_should_not_know(package: str) -> None:
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    found = {str(file.relative_to(ROOT)): breaches(file.read_text(), FORBIDDEN[package]) for file in files}
    assert {file: names for file, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "source", ["import azure.ai.ml", "from azure import ai", "def late():\n    from azure.ai.ml import MLClient"]
)
def test_an_import_of_an_sdk_is_found_in_every_form(source: str) -> None:
    assert breaches(source, ["azure"])
    assert not breaches("import azureish\nfrom tasks.azure_errors import azure_errors", ["azure"])


@pytest.mark.parametrize("package", ["flows", "blocks"])
def test_no_file_or_room_hides_a_package_or_a_module_of_the_standard_library(package: str) -> None:
    there = [one for one in (ROOT / package).iterdir() if one.suffix == ".py" or (one / "__init__.py").exists()]
    assert len(there) > 5
    assert shadowing(one.stem for one in there if one.stem != "__init__") == []


def test_a_file_that_hides_a_package_is_found() -> None:
    assert shadowing(["azure", "calendar", "domain", "release_train"]) == ["azure", "calendar", "domain"]


def deployed_flows() -> dict[str, str]:
    """Modules of the flows that prefect.yaml deploys, and the function of each."""
    entries = [one["entrypoint"] for one in yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]]
    return dict(entry.rsplit(".", 1) for entry in entries)


def flow_functions(source: str) -> list[str]:
    """Functions that a module decorates with @flow."""
    return [
        node.name
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef)
        and any(ast.unparse(one).partition("(")[0] == "flow" for one in node.decorator_list)
    ]


def test_what_stands_directly_in_flows_is_a_flow_that_is_deployed_and_told_of() -> None:
    standing = {f"flows.{file.stem}": flow_functions(file.read_text()) for file in (ROOT / "flows").glob("*.py")}
    assert standing.pop("flows.__init__") == []
    assert {name: functions[0] for name, functions in standing.items() if len(functions) == 1} == deployed_flows()
    told = (ROOT / "README.md").read_text()
    assert [name for name in standing if f"| `{name.replace('_', '-').removeprefix('flows.')}` |" not in told] == []


def test_no_room_of_the_flows_holds_a_flow() -> None:
    rooms = sorted((ROOT / "flows").glob("*/**/*.py"))
    assert len(rooms) > 20
    assert {str(file): names for file in rooms if (names := flow_functions(file.read_text()))} == {}
    assert flow_functions("@flow(name='x')\ndef one(): ...\n@task\ndef two(): ...") == ["one"]


def test_every_kind_of_target_that_serves_has_one_platform_and_one_list_has_them_all() -> None:
    listed = set(imported((ROOT / "tasks" / "platforms.py").read_text()))
    files = sorted((ROOT / "tasks" / "targets").glob("*/target.py"))
    assert len(files) == 4
    for file in files:
        classes = [node.name for node in ast.parse(file.read_text()).body if isinstance(node, ast.ClassDef)]
        assert len(classes) == 1, file
        assert f"tasks.targets.{file.parent.name}.target.{classes[0]}" in listed


def private_parts(module: str, source: str) -> list[str]:
    """What a module imports of a kind of target whose room it is not in, other than its `target`."""
    kinds = {file.parent.name for file in (ROOT / "tasks" / "targets").glob("*/target.py")}
    parts = [name.split(".") for name in set(imported(source)) if name.startswith("tasks.targets.")]
    foreign = [one for one in parts if one[2] in kinds and not module.startswith(f"tasks/targets/{one[2]}/")]
    return sorted(".".join(one) for one in foreign if len(one) > 3 and one[3] != "target")


def test_of_a_kind_of_target_only_its_platform_is_imported() -> None:
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    found = {str(file): private_parts(str(file.relative_to(ROOT)), file.read_text()) for file in files}
    assert {file: names for file, names in found.items() if names} == {}


def test_an_import_of_what_is_private_to_a_kind_of_target_is_found() -> None:
    lines = "from tasks.targets.helm import history\nfrom tasks.targets.helm.target import HelmReleases"
    assert private_parts("tasks/verification/replay.py", lines) == ["tasks.targets.helm.history"]
    assert private_parts("tasks/targets/manifest/target.py", lines) == ["tasks.targets.helm.history"]
    assert private_parts("tasks/targets/helm/client.py", lines) == []


def test_tests_are_no_packages_and_their_names_are_distinct() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []
    stems = [file.stem for file in (ROOT / "tests").rglob("test_*.py")]
    assert sorted({stem for stem in stems if stems.count(stem) > 1}) == []


def test_no_file_names_a_package_index() -> None:
    files = tracked()
    assert ROOT / "requirements/product.txt" in files
    found = {
        str(file.relative_to(ROOT)): hit[0]
        for file in files
        if (hit := INDEX.search(file.read_bytes().decode(errors="replace")))
    }
    assert found == {}


@pytest.mark.parametrize(
    "line",
    [
        "https://" + "mirror.example/root/simple/",
        "--index" + "-url https://mirror.example",
        "--extra-index" + "-url=https://mirror.example",
        "index" + "-url = https://mirror.example",
        "https://files." + "pythonhosted.org/packages/x.whl",
    ],
)
def test_the_name_of_a_package_index_is_found(line: str) -> None:
    assert INDEX.search(line)
    assert not INDEX.search("uv pip compile --no-emit-index" + "-url pyproject.toml; a simple https://prefect.io/page")

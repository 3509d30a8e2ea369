"""What README and CONTRIBUTING say exists: commands, links, flows, gates, outcomes."""

import re
import shlex
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from deployments.cli import app

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/decisions/*.md"),
        ROOT / "docs/security.md",
        *ROOT.glob("workloads/*/README.md"),
    ]
)
README = (ROOT / "README.md").read_text()

TARGETS = frozenset(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
SUBCOMMANDS: Mapping[str, Any] = getattr(typer.main.get_command(app), "commands", {})
OPTIONS = frozenset(option for one in typer.main.get_command(app).params for option in one.opts)
"""That stand before the command."""
DEPLOYMENTS: dict[str, dict[str, Any]] = {
    one["name"]: one for one in yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
}
STAGES: list[dict[str, Any]] = yaml.safe_load((ROOT / "workloads/plants/workload.yaml").read_text())["stages"]


def commands(page: str) -> Iterator[str]:
    """Commands in a page: what stands in backticks, and each line of its shell blocks."""
    for block in re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        yield from (line.partition("  #")[0].strip() for line in block.splitlines() if line.strip())
    prose = re.sub(r"^```.*?^```", "", page, flags=re.MULTILINE | re.DOTALL)
    yield from re.findall(r"`([^`\n]+)`", prose)


def can_run(module: str) -> bool:
    """Whether `python -m` has something to run under this name."""
    try:
        found = find_spec(module)
    except ModuleNotFoundError:
        return False
    return found is not None and (not found.submodule_search_locations or find_spec(f"{module}.__main__") is not None)


def command_fault(command: str) -> str | None:
    """Why a command cannot be what the page says; None when it can, or when it is none of ours."""
    try:
        words = shlex.split(command.removeprefix(".venv/bin/"))
    except ValueError:
        return None
    match words:
        case ["make", *rest]:
            unknown = [word for word in rest if "=" not in word and word not in TARGETS]
            settings = [word.partition("=")[0] for word in rest if "=" in word]
            unread = [name for name in settings if f"$({name})" not in (ROOT / "Makefile").read_text()]
            return f"the Makefile has no {', '.join(unknown + unread)}" if unknown or unread else None
        case ["signalbox", option, *rest] if option.startswith("--"):
            if option not in OPTIONS:
                return f"signalbox has no option {option}"
            return command_fault(shlex.join(["signalbox", *rest])) if rest != ["COMMAND"] else None
        case ["signalbox", name, *rest]:
            if name not in SUBCOMMANDS:
                return f"signalbox has no command {name}"
            known = {option for parameter in SUBCOMMANDS[name].params for option in parameter.opts}
            missing = [word for word in rest if word.startswith("--") and word.partition("=")[0] not in known]
            return f"signalbox {name} has no option {', '.join(missing)}" if missing else None
        case ["python", "-m", module, *_]:
            return None if can_run(module) else f"python -m {module} runs nothing"
    return None


def dead_links(page: str, folder: Path) -> list[str]:
    """Relative links of a page that lead nowhere."""
    targets = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", page) if "://" not in link]
    return [target for target in targets if target and not (folder / target).exists()]


def table(page: str, first: str) -> list[list[str]]:
    """The rows of the table whose first column has this heading."""
    found = re.search(rf"^\| {first} \|.*\n\|[-|]+\n((?:\|.*\n)+)", page, re.MULTILINE)
    assert found, f"no table with a column {first}"
    return [[cell.strip() for cell in row.strip().strip("|").split("|")] for row in found[1].splitlines()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_a_page_exists(page: Path) -> None:
    faults = [fault for command in commands(page.read_text()) if (fault := command_fault(command))]
    assert faults == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_of_a_page_leads_somewhere(page: Path) -> None:
    assert dead_links(page.read_text(), page.parent) == []


def test_the_readme_names_the_commands_that_users_start_with() -> None:
    named = set(commands(README))
    assert {"make demo", "make test", ".venv/bin/signalbox up"} <= named


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        ("`make deno`", "the Makefile has no deno"),
        ("`make demo CUTOF=2014-06-30`", "the Makefile has no CUTOF"),
        ("```sh\n.venv/bin/signalbox fly    # away\n```\n", "signalbox has no command fly"),
        ("`signalbox --moon up`", "signalbox has no option --moon"),
        ("`signalbox --verbose fly`", "signalbox has no command fly"),
        ("`signalbox up --moon`", "signalbox up has no option --moon"),
        ("`python -m emulador`", "python -m emulador runs nothing"),
        ("`python -m domain`", "python -m domain runs nothing"),
        ("`python -m deployments.boot.strap laptop`", "python -m deployments.boot.strap runs nothing"),
    ],
)
def test_a_command_that_does_not_exist_is_found(page: str, fault: str) -> None:
    assert [command_fault(command) for command in commands(page)] == [fault]


def test_a_dead_link_is_found() -> None:
    page = "[a](README.md) ![b](docs/gone.svg) [c](https://prefect.io) [d](#part) [e](CHANGELOG.md#added)"
    assert dead_links(page, ROOT) == ["docs/gone.svg"]


def test_the_flows_table_is_what_prefect_yaml_deploys() -> None:
    rows = {row[0].strip("`"): row for row in table(README, "flow")}
    assert list(rows) == list(DEPLOYMENTS)
    for name, (_, _, starts, _) in rows.items():
        crons = [schedule["cron"] for schedule in DEPLOYMENTS[name].get("schedules", [])]
        events = [event for trigger in DEPLOYMENTS[name].get("triggers", []) for event in trigger["expect"]]
        told = re.findall(r"`([^`]+)`", starts)
        assert told == crons + events, name
        assert (starts == "by hand") == (not told), name


def test_the_flows_table_names_every_gate_of_a_release() -> None:
    approvals = {row[0].strip("`"): row[3] for row in table(README, "flow")}
    gates = [stage["gate"]["name"] for stage in STAGES if "gate" in stage]
    assert re.findall(r"`([^`]+)`", approvals["release"]) == gates


def test_the_layout_tables_folders_are_all_that_the_root_holds() -> None:
    linked = {re.sub(r"\[([^\]]+)\].*", r"\1", row[0]).strip("/") for row in table(README, "folder")}
    there = {path.parent.name for path in ROOT.glob("*/*.py")} | {"benchmarks", "tests", "workloads"}
    assert linked - {"docs/decisions"} == there


def test_the_laptops_approvers_are_those_that_the_readme_names() -> None:
    laptop = yaml.safe_load((ROOT / "deployments/environments/laptop.yaml").read_text())
    told = re.search(r"members of the laptop's group are (.*?);", README, re.DOTALL)
    assert told
    assert [re.findall(r"`([^`]+)`", told[1])] == [group["members"] for group in laptop["approvers"].values()]


def test_decisions_are_numbered_without_a_gap_and_titled_so() -> None:
    files = sorted((ROOT / "docs/decisions").glob("*.md"))
    assert files
    for number, file in enumerate(files, start=1):
        assert file.name.startswith(f"{number:04d}-")
        assert file.read_text().startswith(f"# {number}. ")

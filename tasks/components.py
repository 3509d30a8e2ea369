"""The components of a workload's pipelines, as they lie in files: their code, and what is uploaded beside it (`additional_includes`)."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import yaml

from domain.declaration.workload import Workload
from domain.errors import Terminal
from tasks.content_digest import content_digest


def component_files(pipeline: Path) -> dict[str, Path]:
    """The file of each step's component, by the step."""
    steps = _mapping(pipeline).get("jobs")
    if not isinstance(steps, dict) or not all(
        isinstance(node, dict) and "component" in node for node in steps.values()
    ):
        raise Terminal(f"{pipeline}: jobs: must be steps, each with a component, the path of its file from here")
    return {step: pipeline.parent / str(node["component"]) for step, node in steps.items()}


def included_code(workload: Workload) -> list[Path]:
    """Files and folders that components take from elsewhere than the workload's own folder, each once.

    What is not there is left out: publishing the pipeline says so, and a version that was trained before can be deployed without it.
    """
    home = workload.folder.resolve()
    found = set[Path]()
    for pipeline in (workload.data.pipeline, workload.training.pipeline):
        if not (workload.folder / pipeline).is_file():
            continue
        for file in component_files(workload.folder / pipeline).values():
            if file.is_file():
                found |= {_source((file.parent / one).resolve()) for one in _taken(_mapping(file))}
    return sorted(path for path in found if path.exists() and not path.is_relative_to(home))


def code_digest(path: Path) -> str:
    """Of a folder or a file that a component has or includes; Terminal where there is none."""
    source = _source(path)
    if source.is_file():
        return "sha256:" + sha256(source.read_bytes()).hexdigest()
    if not source.is_dir():
        raise Terminal(f"a component includes {path.name}, but there is no such file or folder in {path.parent}")
    return content_digest(source, ignoring="__pycache__")


def _taken(component: Mapping[str, object]) -> list[str]:
    """Its code, and what it includes."""
    included = component.get("additional_includes") or ()
    return [str(one) for one in (component.get("code"), *(included if isinstance(included, list) else ())) if one]


def _mapping(file: Path) -> Mapping[str, object]:
    try:
        found = yaml.safe_load(file.read_text())
    except yaml.YAMLError as error:
        raise Terminal(f"{file} is not valid YAML: {error}") from error
    if not isinstance(found, dict):
        raise Terminal(f"{file} must be a mapping of keys, as Azure ML declares pipelines and components")
    return found


def _source(path: Path) -> Path:
    """Where it is no file, the SDK makes NAME.zip of the folder NAME."""
    return path.with_suffix("") if path.suffix == ".zip" and not path.exists() else path

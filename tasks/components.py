"""The components of a workload's pipelines, as they lie in files: their code, and what is uploaded beside it (`additional_includes`)."""

from hashlib import sha256
from pathlib import Path

import yaml

from domain.declaration.workload import Workload
from domain.errors import Terminal
from tasks.content_digest import content_digest


def component_files(pipeline: Path) -> dict[str, Path]:
    """The file of each step's component, by the step."""
    steps = yaml.safe_load(pipeline.read_text())["jobs"]
    return {step: pipeline.parent / node["component"] for step, node in steps.items()}


def included_code(workload: Workload) -> list[Path]:
    """Files and folders that components include from elsewhere than the workload's own folder, each once.

    What is not there is left out: publishing the pipeline says so, and a version that was trained before can be deployed without it.
    """
    home = workload.folder.resolve()
    found = set[Path]()
    for pipeline in (workload.data.pipeline, workload.training.pipeline):
        for file in component_files(workload.folder / pipeline).values():
            if file.is_file():
                included = yaml.safe_load(file.read_text()).get("additional_includes") or ()
                found |= {_source((file.parent / one).resolve()) for one in included}
    return sorted(path for path in found if path.exists() and not path.is_relative_to(home))


def code_digest(path: Path) -> str:
    """Of a folder or a file that a component has or includes; Terminal where there is none."""
    source = _source(path)
    if source.is_file():
        return "sha256:" + sha256(source.read_bytes()).hexdigest()
    if not source.is_dir():
        raise Terminal(f"a component includes {path.name}, and there is no such file or folder in {path.parent}")
    return content_digest(source, ignoring="__pycache__")


def _source(path: Path) -> Path:
    """Where it is no file, the SDK makes NAME.zip of the folder NAME."""
    return path.with_suffix("") if path.suffix == ".zip" and not path.exists() else path

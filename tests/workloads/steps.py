"""Runs a workload's pipelines by hand: every step's own command, as a process in the folder that would be uploaded."""

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml


def run_pipeline(file: Path, inputs: Mapping[str, object], work: Path) -> dict[str, Path]:
    """Run every step's command in order, bindings and optional inputs resolved; return the pipeline's outputs."""
    pipeline = yaml.safe_load(file.read_text())
    defaults = {name: spec["default"] for name, spec in pipeline["inputs"].items() if "default" in spec}
    given, step_outputs, outputs = {**defaults, **inputs}, dict[str, Path](), dict[str, Path]()
    for step, job in pipeline["jobs"].items():
        component = yaml.safe_load((file.parent / job["component"]).read_text())
        values = {name: spec["default"] for name, spec in component["inputs"].items() if "default" in spec}
        for name, binding in job["inputs"].items():
            source = re.fullmatch(r"\$\{\{parent\.(?:inputs\.(\w+)|jobs\.(\w+)\.outputs\.(\w+))\}\}", binding)
            assert source, binding
            known, key = (given, source[1]) if source[1] else (step_outputs, f"{source[2]}.{source[3]}")
            if key in known:
                values[name] = known[key]
        for name in component["outputs"]:
            step_outputs[f"{step}.{name}"] = work / step / name
            if bound := job.get("outputs", {}).get(name):
                outputs[bound.removeprefix("${{parent.outputs.").removesuffix("}}")] = work / step / name
        code = uploaded(file.parent / job["component"], work / step / "code")
        run_step(component, code, values, {name: work / step / name for name in component["outputs"]})
    return outputs


def uploaded(file: Path, place: Path) -> Path:
    """A new folder with what the SDK uploads for a component: its code, and beside it what it includes."""
    component = yaml.safe_load(file.read_text())
    shutil.copytree(file.parent / component["code"], place, ignore=shutil.ignore_patterns("__pycache__"))
    for one in component.get("additional_includes", ()):
        shutil.copytree(file.parent / one, place / Path(one).name, ignore=shutil.ignore_patterns("__pycache__"))
    return place


def run_step(
    component: Mapping[str, Any], code: Path, inputs: Mapping[str, object], outputs: Mapping[str, Path]
) -> None:
    def keep_if_given(optional: re.Match[str]) -> str:
        return optional[1] if re.findall(r"inputs\.(\w+)", optional[1])[0] in inputs else ""

    command = re.sub(r"\$\[\[(.*?)\]\]", keep_if_given, component["command"])
    command = re.sub(r"\$\{\{inputs\.(\w+)\}\}", lambda found: str(inputs[found[1]]), command)
    command = re.sub(r"\$\{\{outputs\.(\w+)\}\}", lambda found: str(outputs[found[1]]), command)
    arguments = command.replace("python ", f"{sys.executable} ", 1).split()
    subprocess.run(arguments, cwd=code.resolve(), check=True, capture_output=True, text=True, timeout=120)

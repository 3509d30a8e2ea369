"""The workload a run is about, read from its declaration before anything is touched."""

import os
from pathlib import Path

from domain.declaration.load import load_workload
from domain.declaration.manifest_schemas import check_manifests
from domain.declaration.target import ServingTarget
from domain.declaration.workload import Workload
from domain.errors import Terminal
from domain.text import did_you_mean, listed

WORKLOADS = Path(os.environ.get("SIGNALBOX_WORKLOADS") or Path(__file__).parents[1] / "workloads")
"""The folder with a folder for each workload; SIGNALBOX_WORKLOADS names another, such as one in a repository of yours."""


def known_workloads() -> list[str]:
    """Names that `declared_workload` takes."""
    return sorted(file.parent.name for file in WORKLOADS.glob("*/workload.yaml"))


def declared_workload(name: str) -> Workload:
    """Read `workloads/{name}/workload.yaml` and the manifests that it names; Terminal, with the known names, when there is none."""
    known = known_workloads()
    if name not in known:
        where = WORKLOADS.resolve()
        if not known:
            what = "there is no such folder" if not where.is_dir() else "no folder in it has a workload.yaml"
            raise Terminal(
                f"no workload can be found in {where}: {what}. Point SIGNALBOX_WORKLOADS at the folder of your workloads"
            )
        raise Terminal(
            f"there is no workload {name!r} in {where}{did_you_mean(name, known)}; the workloads there are {listed(known)}"
        )
    workload = load_workload(WORKLOADS / name / "workload.yaml")
    check_manifests(workload)
    return workload


def production_of(workload: Workload) -> ServingTarget:
    """The target of the last stage: what serves there is the champion."""
    target = workload.stages[-1].target
    if not isinstance(target, ServingTarget):
        raise Terminal(f"the last stage of {workload.name} serves nothing: its target is {target.kind}")
    return target

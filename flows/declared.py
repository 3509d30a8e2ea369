"""The workload a run is about, read from its declaration before anything is touched."""

from pathlib import Path

from domain.declaration import load_workload
from domain.errors import Terminal
from domain.workload import Workload

WORKLOADS = Path(__file__).parents[1] / "workloads"


def declared_workload(name: str) -> Workload:
    """Read `workloads/{name}/workload.yaml`; Terminal, with the known names, when there is none."""
    known = sorted(file.parent.name for file in WORKLOADS.glob("*/workload.yaml"))
    if name not in known:
        raise Terminal(f"there is no workload {name!r}; there are {', '.join(known)}")
    return load_workload(WORKLOADS / name / "workload.yaml")

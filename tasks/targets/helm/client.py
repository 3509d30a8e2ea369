"""Helm releases of a namespace, as values; what the library raises stops here."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.errors import Terminal, Transient
from tasks.targets.kubernetes.access import ClusterAccess, cluster_error
from tasks.targets.kubernetes.child_process import child_command

PROGRAM = Path(__file__).with_name("program.py")
STARTING_SECONDS = 60.0
"""On top of what a verb may take."""
DEPLOYED, FAILED, SUPERSEDED, GONE = "deployed", "failed", "superseded", "uninstall"
PENDING = "pending"
"""What the status begins with of a revision that is being made, or whose maker died. So GONE: of what is uninstalled."""
NEVER_WORKED = re.compile(r'(Release|Upgrade|Rollback) ".*" failed: ')
"""How Helm describes a revision that failed; a rollback from it that fails, too, calls it superseded all the same."""
ERROR = 3
"""A finding's severity, by which Helm's own lint fails."""


@dataclass(frozen=True)
class Revision:
    """One of a release's history. values: as given, without the chart's. at: when it was made."""

    number: int
    status: str
    values: Mapping[str, Any]
    labels: Mapping[str, str]
    manifest: str
    description: str
    at: str

    @property
    def worked(self) -> bool:
        """Whether Helm applied it to its end, now or earlier."""
        return self.status in (DEPLOYED, SUPERSEDED) and not NEVER_WORKED.match(self.description)

    @property
    def pending(self) -> bool:
        """Whether it is not made to its end."""
        return self.status.startswith(PENDING)

    @property
    def gone(self) -> bool:
        """Whether its objects were deleted, with the history kept."""
        return self.status.startswith(GONE)


@dataclass(frozen=True)
class ReleaseRequest:
    """What to install. labels: of the revision, which Helm keeps with it. kept: revisions of the history."""

    name: str
    chart: Path
    values: Mapping[str, Any]
    labels: Mapping[str, str]
    description: str
    seconds: float
    kept: int


def revisions(access: ClusterAccess, name: str) -> tuple[Revision, ...]:
    """The release's history, newest first; empty where there is no release."""
    found = _ask(access, f"reading Helm release {name}", "revisions", name)
    return tuple(
        Revision(
            number=one["revision"],
            status=one["status"],
            values=one["values"] or {},
            labels=one.get("labels") or {},
            manifest=one.get("manifest", ""),
            description=one["description"],
            at=one.get("deployed_at", ""),
        )
        for one in reversed(found or ())
    )


def helm_release_names(access: ClusterAccess) -> tuple[str, ...]:
    """Every release of the namespace."""
    found = _ask(access, f"listing Helm releases of {access.place}", "list", all_states=True)
    return tuple(one["name"] for one in found or ())


def install(access: ClusterAccess, request: ReleaseRequest, upgrade: bool, dry_run: bool = False) -> None:
    """Install it, or upgrade the one that is there. dry_run: ask the cluster, and change nothing."""
    options: dict[str, Any] = {
        "labels": dict(request.labels),
        "description": request.description,
        "timeout": int(request.seconds),
    }
    if upgrade:
        options |= {"max_history": request.kept, "reset_values": True}
    if dry_run:
        options["dry_run"] = "server"
    doing = "a dry run of" if dry_run else "upgrading" if upgrade else "installing"
    words = (str(request.chart), request.name, dict(request.values))
    verb = "upgrade" if upgrade else "install"
    _ask(access, f"{doing} Helm release {request.name}", verb, *words, seconds=request.seconds, **options)


def roll_back(access: ClusterAccess, name: str, number: int, seconds: float) -> None:
    """Make a revision the newest again: the chart, too, is the one that it was made with."""
    action = f"rolling Helm release {name} back to revision {number}"
    _ask(access, action, "rollback", name, seconds=seconds, version=number, timeout=int(seconds))


def uninstall(access: ClusterAccess, name: str, seconds: float) -> None:
    """With its history. One that is gone already is what we wanted."""
    action = f"uninstalling Helm release {name}"
    _ask(access, action, "uninstall", name, seconds=seconds, ignore_not_found=True, timeout=int(seconds))


def check_chart(chart: Path, values: Mapping[str, Any], access: ClusterAccess) -> None:
    """Terminal with all that Helm's lint finds fault with."""
    found = _ask(access, f"reading chart {chart.name}", "lint", str(chart), dict(values), namespace=access.namespace)
    faults = [one["error"] for one in found["messages"] if one["severity"] >= ERROR]
    faults = list(dict.fromkeys([*faults, *(found["errors"] or ())]))
    if faults:
        raise Terminal(f"chart {chart.name}/ does not render, nothing was touched: {'; '.join(faults)}")


def _ask(
    access: ClusterAccess, action: str, verb: str, *words: Any, seconds: float = STARTING_SECONDS, **options: Any
) -> Any:
    """Helm's answer; None where it knows no such release."""
    request = {
        "verb": verb,
        "words": words,
        "options": options,
        "kubeconfig": str(access.kubeconfig),
        "namespace": access.namespace,
    }
    python = Path(sys.executable)
    beside = str(python.with_name("helm"))  # what processes are to call it; Python finds its packages by that
    try:
        done = subprocess.run(
            child_command(python, beside, "-P", str(PROGRAM)),
            input=json.dumps(request),
            capture_output=True,
            text=True,
            timeout=seconds + STARTING_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Transient(f"Helm did not answer within {seconds + STARTING_SECONDS:g} seconds while {action}") from None
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        end = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise Terminal(f"Helm ended with code {done.returncode} while {action}: {end}") from None
    error, told = answer.get("error"), answer.get("told", "")
    if error == "HelmNotFoundError":
        return None
    if error in ("HelmRenderError", "HelmValuesError", "HelmChartLoadError", "HelmChartInvalidError"):
        raise Terminal(f"Helm cannot render the chart, so nothing was touched while {action}: {told}")
    if error == "HelmReleaseError" and "waiting for" in told:  # a hook that ended badly does so again
        raise Terminal(f"Helm gave up {action}: {told}")
    if error is not None:
        raise cluster_error(action, access, told)
    return answer["answer"]

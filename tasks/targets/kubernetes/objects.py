"""What a manifest declares, and whether the cluster still has it so."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from domain.errors import Terminal
from tasks.targets.kubernetes.access import ChangedByHandError, ClusterAccess
from tasks.targets.kubernetes.kubectl import kubectl

Document = Mapping[str, Any]

ROLLED_OUT = ("Deployment", "StatefulSet", "DaemonSet")
"""Kinds that replace their pods."""
DIFF = "diff -N -U100000"
"""What kubectl is to compare with: whole objects, so that each line's section is known, whatever its caller prefers to look at."""
DIFFERENCE = re.compile(r"^diff .*/(?P<object>\S+)$\n(?P<lines>(?:(?!^diff ).*\n?)*)", re.MULTILINE)
SECTION = re.compile(r"[-+ ](?P<name>\w+):(?!\S)")
"""Where a part of an object begins."""
COUNTED = re.compile(r"  (generation|resourceVersion):|    deployment\.kubernetes\.io/revision:")
"""What the cluster counts by itself, below an object's metadata."""
GONE = re.compile(r"^@@ -0,0 ", re.MULTILINE)
"""Where the cluster has nothing of an object."""
SHOWN = 3


def documents(manifest: str) -> tuple[Document, ...]:
    """Its objects."""
    return tuple(one for one in yaml.safe_load_all(manifest) if one)


def rolled_out(manifest: str) -> tuple[str, ...]:
    """What of it runs pods, as `deployment/name`."""
    return tuple(f"{one['kind'].lower()}/{one['metadata']['name']}" for one in documents(manifest) if _rolls(one))


def service_port(manifest: str) -> tuple[str, int]:
    """`service/name` of what it is asked at, and the port; Terminal where there is none."""
    for one in documents(manifest):
        if one["kind"] == "Service" and one["spec"].get("ports"):
            return f"service/{one['metadata']['name']}", int(one["spec"]["ports"][0]["port"])
    raise Terminal("it has no Service with a port, so no request can reach it; add one to what is deployed")


def changed_by_hand(access: ClusterAccess, objects: Sequence[Document], owner: str | None) -> str:
    """What somebody changed of objects that their owner applied, in words; empty where nobody did.

    owner: the field manager of a server-side apply; None where `kubectl apply` was used as ever.

    Fields that only others set are theirs, and an object that is gone is made again: neither is lost.
    """
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
    words = ("diff", *(("--server-side", f"--field-manager={owner}") if owner else ()), "--filename=-")
    action, environment = "comparing what runs with what was deployed", {"KUBECTL_EXTERNAL_DIFF": DIFF}
    try:
        told = kubectl(access, *words, stdin=listed, action=action, good=(0, 1), environment=environment)
    except ChangedByHandError as error:
        return str(error)
    return differences(told)


def differences(told: str) -> str:
    """What DIFF told, in words; empty where only the cluster itself was at work.

    kubectl reads an object twice, and a controller may write its status in between.
    """
    found = []
    for one in DIFFERENCE.finditer(told):
        if GONE.search(one["lines"]):
            continue
        changed = list(_changed(one["lines"]))
        for side, word in (("-", "has"), ("+", "is missing")):
            lines = [line for of, line in changed if of == side]
            if lines:
                found.append(f"{one['object']} {word} {', '.join(lines[:SHOWN])}")
    return "; ".join(found)


def dry_run_apply(access: ClusterAccess, objects: Sequence[Document], owner: str) -> None:
    """Ask the cluster to take them, and change nothing; ChangedByHandError where fields are somebody else's."""
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
    words = ("apply", "--server-side", "--dry-run=server", f"--field-manager={owner}", "--filename=-")
    kubectl(access, *words, stdin=listed, action="a dry run of what was deployed before")


def _changed(lines: str) -> Iterator[tuple[str, str]]:
    """Side and text of each line that is on one side only: by a person, so not in an object's status, and nothing that is counted."""
    section = ""
    for line in lines.split("\n"):  # not at every break that Unicode knows: texts have them, too
        if line.startswith(("---", "+++", "@@")):
            continue
        if begins := SECTION.match(line):
            section = begins["name"]
        side, text = line[:1], line[1:]
        if side not in ("-", "+") or section == "status" or (section == "metadata" and COUNTED.match(text)):
            continue
        yield side, text.strip() or "an empty line"


def _rolls(document: Document) -> bool:
    return document["kind"] in ROLLED_OUT

"""A service on Kubernetes as a team writes it down: one Deployment and its Service, and what a release sets in them.

A manifest is valid by itself: nothing in it is a template. What a release sets, it sets in the parsed document.
"""

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.errors import InvalidDeclaration
from domain.parsing.field_errors import Location
from domain.parsing.yaml_document import YamlDocument, read_yaml

PREFIX = "signalbox/"
"""Before every annotation and label that is ours."""
MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGER = "signalbox"
INSTANCE = "app.kubernetes.io/instance"
"""Label and selector: the endpoint."""
RELEASE = f"{PREFIX}release"
"""Label of pods."""
KINDS = {"Deployment": "apps/v1", "Service": "v1"}
POD = ("spec", "template", "spec")
CONTAINERS = (*POD, "containers")
SEPARATOR = re.compile(r"^---.*$", re.MULTILINE)

Object = dict[str, Any]


@dataclass(frozen=True)
class Filling:
    """What a release sets. name: the endpoint's, of both. environment: of the container. tags: annotations of the Deployment.

    template: of pods that ran before, to run them again exactly; None where the manifest's is meant.
    """

    name: str
    release: str
    image: str
    environment: Mapping[str, str]
    tags: Mapping[str, str]
    template: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Manifest:
    """Two documents of one file."""

    deployment: YamlDocument
    service: YamlDocument

    def filled(self, filling: Filling) -> tuple[Object, Object]:
        """Service and Deployment of one circuit. All that is not set here stands as it is written."""
        deployment, service = (_labelled(one.values, filling) for one in (self.deployment, self.service))
        mine = {INSTANCE: filling.name}
        deployment["metadata"]["annotations"] = _texts(deployment["metadata"]) | {
            f"{PREFIX}{key}": value for key, value in filling.tags.items()
        }
        deployment["spec"]["selector"]["matchLabels"] |= mine
        service["spec"]["selector"] |= mine
        if filling.template is not None:
            deployment["spec"]["template"] = deepcopy(dict(filling.template))
            return service, deployment
        pods = deployment["spec"]["template"]
        pods["metadata"]["labels"] |= {**mine, MANAGED_BY: MANAGER, RELEASE: filling.release}
        [container] = pods["spec"]["containers"]
        container["image"] = filling.image
        kept = [one for one in container.get("env") or () if one.get("name") not in filling.environment]
        container["env"] = [*kept, *({"name": name, "value": text} for name, text in filling.environment.items())]
        return service, deployment


def read_manifest(file: Path, port: int) -> Manifest:
    """The manifest; InvalidDeclaration names every fault as `file:line: where: what`. port: where the service listens."""
    found: dict[str, YamlDocument] = {}
    faults: list[str] = []
    for document in _documents(file.name, file.read_text(encoding="utf-8"), faults):
        kind = document.values.get("kind")
        if not isinstance(kind, str) or document.values.get("apiVersion") != KINDS.get(kind):
            told = f"{document.values.get('apiVersion')} {kind}"
            faults.append(
                document.fault(("kind",), f"is {told}; only one Deployment (apps/v1) and its Service (v1) are applied")
            )
        elif kind in found:
            faults.append(document.fault(("kind",), f"a second {kind}; only one of each is applied"))
        else:
            found[kind] = document
    faults += [f"{file.name}:1: document: has no {kind}" for kind in KINDS if kind not in found]
    if not faults:
        manifest = Manifest(found["Deployment"], found["Service"])
        faults += [one.fault(at, what) for one, at, what in _inconsistencies(manifest, port)]
    if faults:
        raise InvalidDeclaration(faults)
    return manifest


def _documents(name: str, text: str, faults: list[str]) -> Iterator[YamlDocument]:
    """Each with the lines of the file. Its faults are added to those."""
    begin = 0
    for end in [*(match.start() for match in SEPARATOR.finditer(text)), len(text)]:
        part = "\n" * text[:begin].count("\n") + SEPARATOR.sub("", text[begin:end])
        begin = end
        if all(line.lstrip().startswith("#") for line in part.splitlines() if line.strip()):
            continue
        try:
            document = read_yaml(name, part)
        except InvalidDeclaration as error:
            faults += error.faults
        else:
            faults += document.faults
            yield document


def _inconsistencies(manifest: Manifest, port: int) -> Iterator[tuple[YamlDocument, Location, str]]:
    """What its parts say of one another, and what a release needs of them. The API's schema says the rest."""
    deployment, service = manifest.deployment, manifest.service
    for one in (deployment, service):
        if _at(one, "metadata", "namespace") is not None:
            yield one, ("metadata", "namespace"), "is set by the cluster block; leave it out"
    if _at(deployment, "metadata", "name") != _at(service, "metadata", "name"):
        yield service, ("metadata", "name"), "must be the Deployment's name: a release gives both one name"
    labels = _mapping(deployment, "spec", "template", "metadata", "labels")
    for one, at in ((deployment, ("spec", "selector", "matchLabels")), (service, ("spec", "selector"))):
        selector = _mapping(one, *at)
        if not selector or not selector.items() <= labels.items():
            yield one, at, "must select the Deployment's pods by labels that they have"
    containers = _at(deployment, *CONTAINERS)
    if not isinstance(containers, list) or len(containers) != 1 or not isinstance(containers[0], dict):
        yield deployment, CONTAINERS, "must be one container: a release sets its image"
        return
    if containers[0].get("readinessProbe") is None:
        what = "needs a readinessProbe; without one a pod that cannot serve takes the place of one that does"
        yield deployment, (*CONTAINERS, 0), what
    ports = [one for one in containers[0].get("ports") or () if isinstance(one, dict)]
    if port not in [one.get("containerPort") for one in ports]:
        yield deployment, (*CONTAINERS, 0, "ports"), f"none is {port}, the port where the workload's `service` listens"


def _labelled(values: Mapping[str, Any], filling: Filling) -> Object:
    made = deepcopy(dict(values))
    made["metadata"]["name"] = filling.name
    made["metadata"]["labels"] = (made["metadata"].get("labels") or {}) | {
        MANAGED_BY: MANAGER,
        INSTANCE: filling.name,
    }
    return made


def _texts(metadata: Mapping[str, Any]) -> dict[str, str]:
    return dict(metadata.get("annotations") or {})


def _mapping(document: YamlDocument, *path: str | int) -> Mapping[str, Any]:
    found = _at(document, *path)
    return found if isinstance(found, dict) else {}


def _at(document: YamlDocument, *path: str | int) -> Any:
    """What stands at a place; None when nothing does."""
    found: Any = document.values
    for part in path:
        if isinstance(found, dict):
            found = found.get(str(part))
        elif isinstance(found, list) and isinstance(part, int) and part < len(found):
            found = found[part]
        else:
            return None
    return found

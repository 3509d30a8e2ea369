"""Manifests against the schemas that Kubernetes publishes: what its API would refuse is said without a cluster. (Seed 003.)"""

from collections.abc import Iterator

from domain.declaration.target import KubernetesManifestTarget
from domain.declaration.workload import Workload
from domain.errors import InvalidDeclaration, Terminal
from domain.parsing.kubernetes_manifest import read_manifest
from domain.parsing.yaml_document import YamlDocument

LONGEST = 300
"""Characters of what a schema says."""


def check_manifests(workload: Workload) -> None:
    """InvalidDeclaration names every fault of the manifests that stages apply, with file, line and place."""
    faults: list[str] = []
    targets = {stage.target for stage in workload.stages if isinstance(stage.target, KubernetesManifestTarget)}
    for target in sorted(targets, key=lambda one: str(one.manifest)):
        if workload.service is None:
            raise Terminal(f"{workload.name} declares no service, so no manifest can run it")
        try:
            manifest = read_manifest(workload.folder / target.manifest, workload.service.port)
        except InvalidDeclaration as error:
            faults += error.faults
            continue
        for document in (manifest.deployment, manifest.service):
            faults += _faults(document, target.kubernetes)
    if faults:
        raise InvalidDeclaration(faults)


def _faults(document: YamlDocument, version: str) -> Iterator[str]:
    from kubernetes_validate import SchemaNotFoundError, ValidationError, validate
    from kubernetes_validate.utils import VersionNotSupportedError, all_versions, major_minor

    known = [major_minor(one) for one in all_versions()]
    if version not in known:
        raise Terminal(f"the schemas of Kubernetes {version} are not known here; known are {known[0]} to {known[-1]}")
    try:
        validate(document.values, version, strict=True)
    except ValidationError as error:
        yield document.fault(tuple(error.absolute_path), error.message[:LONGEST])
    except (SchemaNotFoundError, VersionNotSupportedError) as error:
        yield document.fault(("apiVersion",), error.message)

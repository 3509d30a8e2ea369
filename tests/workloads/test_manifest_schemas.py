"""Manifests against Kubernetes' schemas, without a cluster: what is wrong is said with file, line and place."""

import shutil
from pathlib import Path

import pytest

from domain.declaration.load import load_workload
from domain.declaration.manifest_schemas import check_manifests
from domain.declaration.workload import Workload
from domain.errors import InvalidDeclaration, Terminal

FLASK = Path(__file__).parents[2] / "workloads" / "flask_app"


def changed(folder: Path, written: str, instead: str, file: str = "deployment.yaml") -> Workload:
    """The Flask application's workload with one text of its manifest, or of its declaration, replaced."""
    shutil.copytree(FLASK, folder / "flask_app", ignore=shutil.ignore_patterns("__pycache__"))
    path = folder / "flask_app" / file
    assert written in path.read_text()
    path.write_text(path.read_text().replace(written, instead, 1))
    return load_workload(folder / "flask_app" / "workload.yaml")


def test_the_flask_applications_manifest_is_valid_for_every_version_that_is_known(tmp_path: Path) -> None:
    from kubernetes_validate.utils import all_versions, major_minor

    check_manifests(load_workload(FLASK / "workload.yaml"))
    for version in {major_minor(one) for one in all_versions()}:
        check_manifests(
            changed(
                tmp_path / version,
                "manifest: deployment.yaml",
                f'manifest: deployment.yaml, kubernetes: "{version}"',
                "workload.yaml",
            )
        )


@pytest.mark.parametrize(
    ("written", "instead", "fault"),
    [
        ("replicas: 2", "replicas: two", r"deployment\.yaml:8: spec\.replicas: 'two' is not of type 'integer'"),
        (
            "maxSurge: 1",
            "maxSurges: 1",
            r"deployment\.yaml:13: spec\.strategy\.rollingUpdate: .*'maxSurges' was unexpected",
        ),
        (
            "port: 80\n",
            "port: eighty\n",
            r"deployment\.yaml:\d+: spec\.ports\[0\]\.port: 'eighty' is not of type 'integer'",
        ),
    ],
)
def test_what_the_api_would_refuse_is_said_with_its_line(
    tmp_path: Path, written: str, instead: str, fault: str
) -> None:
    with pytest.raises(InvalidDeclaration, match=fault):
        check_manifests(changed(tmp_path, written, instead))


def test_a_version_whose_schemas_nobody_has_is_said(tmp_path: Path) -> None:
    workload = changed(
        tmp_path, "manifest: deployment.yaml", 'manifest: deployment.yaml, kubernetes: "1.9"', "workload.yaml"
    )
    with pytest.raises(Terminal, match=r"schemas of Kubernetes 1\.9 are not known here; known are 1\.\d+ to 1\.\d+"):
        check_manifests(workload)


def test_a_manifest_that_is_not_there_or_not_ours_is_said_with_the_declarations_line(tmp_path: Path) -> None:
    with pytest.raises(
        InvalidDeclaration, match=r"workload\.yaml:\d+: stages\[2\]\.target\.manifest: there is no file 'x\.yaml'"
    ):
        changed(tmp_path / "a", "manifest: deployment.yaml", "manifest: x.yaml", "workload.yaml")
    with pytest.raises(InvalidDeclaration, match=r"target\.manifest: .* is outside flask_app/"):
        changed(tmp_path / "b", "manifest: deployment.yaml", "manifest: ../x.yaml", "workload.yaml")


def test_a_manifest_that_nothing_was_built_for_is_refused(tmp_path: Path) -> None:
    images = "  - name: images\n    target: {kind: container_registry, registry: images}\n"
    with pytest.raises(
        InvalidDeclaration, match="deploys what no stage published; put a container_registry stage before"
    ):
        changed(tmp_path, images, "", "workload.yaml")

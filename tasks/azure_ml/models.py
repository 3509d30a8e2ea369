"""Models: registered in a workspace, published to the registry, found by their tags."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect import task

from blocks.model_registry import ModelRegistry
from blocks.workspace import Workspace
from domain.candidate.changed_circuits import ChangedCircuit
from domain.errors import Terminal
from domain.ownership import must_not_be_anothers
from domain.tags import RELEASE_ID
from tasks.azure_errors import azure_errors
from tasks.content_digest import content_digest
from tasks.retries import RETRIED

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

DIGEST = "content_digest"
"""The property that holds the digest of a model's files: the registry's tags are the seed's, and no more."""

CIRCUIT = "changed_circuit"
"""The property of a published model that holds what training said of it."""


@dataclass(frozen=True)
class Model:
    """A registered model version."""

    name: str
    version: str
    tags: Mapping[str, str]
    properties: Mapping[str, str]

    @property
    def digest(self) -> str:
        """`sha256:…` of the model's files when it was registered; empty when nobody wrote it down."""
        return self.properties.get(DIGEST, "") or self.tags.get(DIGEST, "")


def _frozen(model: Any) -> Model:
    return Model(model.name, str(model.version), dict(model.tags or {}), dict(model.properties or {}))


def models_of(home: Workspace | ModelRegistry, name: str) -> tuple[Model, ...]:
    """Every version of a model, oldest first; empty when there is none."""
    from azure.core.exceptions import ResourceNotFoundError

    with azure_errors(f"listing versions of model {name}"):
        try:
            found = [_frozen(model) for model in home.get_client().models.list(name=name)]
        except ResourceNotFoundError:
            return ()
    return tuple(sorted(found, key=lambda model: (len(model.version), model.version)))


def find_model(home: Workspace | ModelRegistry, name: str, version: str) -> Model | None:
    """The model version, or None where it does not exist."""
    from azure.core.exceptions import ResourceNotFoundError

    with azure_errors(f"reading model {name}:{version}"):
        try:
            return _frozen(home.get_client().models.get(name, version))
        except ResourceNotFoundError:
            return None


def models_tagged(home: Workspace | ModelRegistry, wanted: Mapping[str, str]) -> tuple[Model, ...]:
    """Every model version that carries all the wanted tags. The service has no such filter, so we read the list."""
    with azure_errors("listing models"):
        client = home.get_client()
        names = sorted({model.name for model in client.models.list()})
    found = [model for name in names for model in models_of(home, name)]
    return tuple(model for model in found if wanted.items() <= model.tags.items())


def register_model(workspace: Workspace, name: str, folder: Path, tags: Mapping[str, str]) -> Model:
    """Register a candidate. The model that is registered for this data asset with this content stays the one.

    tags must hold `data_asset`; the digest of the files is added to tags and properties.
    """
    from azure.ai.ml.constants import AssetTypes
    from azure.ai.ml.entities import Model as AzureModel

    digest = content_digest(folder)
    for model in models_of(workspace, name):
        if model.digest == digest and model.tags.get("data_asset") == tags["data_asset"]:
            return model
    with azure_errors(f"registering model {name}"):
        model = AzureModel(
            name=name,
            path=str(folder),
            type=AssetTypes.CUSTOM_MODEL,
            tags={**tags, DIGEST: digest},
            properties={DIGEST: digest},
        )
        return _frozen(workspace.get_client().models.create_or_update(model))


@task(name="publish model", **RETRIED)
def publish_model(
    source: Workspace, registry: ModelRegistry, circuit: ChangedCircuit, tags: Mapping[str, str]
) -> Model:
    """Copy a model version from a workspace to the registry, its content checked before it leaves and on arrival.

    A version that is in the registry with the same content is left as it is; with other content: Terminal.
    """
    from azure.ai.ml.constants import AssetTypes
    from azure.ai.ml.entities import Model as AzureModel

    name, version, digest = circuit.model_name, circuit.model_version, circuit.model_digest
    present = find_model(registry, name, version)
    if present is not None and present.digest != digest:
        raise Terminal(_taken(registry, present, models_of(registry, name)))
    if present is None:
        with tempfile.TemporaryDirectory() as folder:
            files = _download(source.get_client(), name, version, Path(folder), source.workspace_name)
            _must_match(content_digest(files), digest, name, version, f"workspace {source.workspace_name}")
            with azure_errors(f"publishing model {name}:{version} to {registry.registry_name}"):
                copy = AzureModel(
                    name=name,
                    version=version,
                    path=str(files),
                    type=AssetTypes.CUSTOM_MODEL,
                    tags=dict(tags),
                    properties={DIGEST: digest, CIRCUIT: circuit.model_dump_json()},
                )
                present = _frozen(registry.get_client().models.create_or_update(copy))
    check_model.fn(registry, circuit)
    return present


@task(name="check model", **RETRIED)
def check_model(registry: ModelRegistry, circuit: ChangedCircuit) -> None:
    """Terminal unless the registry holds the very files that are released; asked on arrival and before every switch."""
    name, version = circuit.model_name, circuit.model_version
    with tempfile.TemporaryDirectory() as folder:
        found = content_digest(_download(registry.get_client(), name, version, Path(folder), registry.registry_name))
    _must_match(found, circuit.model_digest, name, version, f"registry {registry.registry_name}")


def published_circuit(registry: ModelRegistry, workload: str, name: str, version: str) -> ChangedCircuit:
    """What training said of a version in the registry; Terminal when it is not there, or no release of this workload put it there."""
    model = find_model(registry, name, version)
    if model is None:
        there = ", ".join(found.version for found in models_of(registry, name)) or "none"
        raise Terminal(f"registry {registry.registry_name} has no version {version} of {name}; it has {there}")
    must_not_be_anothers(f"model {name}:{version} in registry {registry.registry_name}", model.tags, workload)
    if CIRCUIT not in model.properties:
        raise Terminal(f"model {name}:{version} was not published by Signalbox, so nothing is known of how it was made")
    return ChangedCircuit.model_validate_json(model.properties[CIRCUIT])


def download_model(home: Workspace | ModelRegistry, name: str, version: str, folder: Path) -> Path:
    """The model's files, in a folder on this machine."""
    where = home.workspace_name if isinstance(home, Workspace) else home.registry_name
    return _download(home.get_client(), name, version, folder, where)


def _download(client: "MLClient", name: str, version: str, folder: Path, where: str) -> Path:
    with azure_errors(f"downloading model {name}:{version} from {where}"):
        client.models.download(name, version, download_path=folder)
    # the SDK puts the files under {name}/{the uploaded folder's name}
    entries = list((folder / name).iterdir()) if (folder / name).is_dir() else []
    if not entries:
        raise Terminal(f"model {name}:{version} in {where} holds no files")
    return entries[0] if len(entries) == 1 and entries[0].is_dir() else folder / name


def _taken(registry: ModelRegistry, present: Model, there: Sequence[Model]) -> str:
    """What stands where a candidate would go, and whose it is."""
    release, numbers = present.tags.get(RELEASE_ID), [int(one.version) for one in there if one.version.isdigit()]
    whose = (
        f"release {release} put it there" if release else "no release of Signalbox put it there: it has no release_id"
    )
    return (
        f"registry {registry.registry_name} already has a different {present.name}:{present.version}, and versions never change; {whose}. "
        f"Nothing was published. Version {max(numbers, default=0) + 1} is free there: register the candidate's files in workspace dev "
        "under that version, with its tags, or give this workload a `prefix` of its own"
    )


def _must_match(found: str, expected: str, name: str, version: str, where: str) -> None:
    if found != expected:
        raise Terminal(
            f"the files of model {name}:{version} in {where} changed after it was registered: digest {found}, but "
            f"the release has {expected}. Nothing was switched. Register a new version and make a new release of it."
        )

"""Data assets: one immutable version a circuit and cutoff date."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import count
from typing import Any

from blocks.workspace import Workspace
from domain.errors import Terminal
from tasks.azure_errors import azure_errors


@dataclass(frozen=True)
class DataAsset:
    """A registered data asset. version: see `data_version`. uri: what a job takes as its input.

    publisher: who registered it, as Azure says; empty where it does not.
    """

    name: str
    version: str
    path: str
    tags: Mapping[str, str]
    publisher: str = ""

    @property
    def uri(self) -> str:
        """The asset as a job input."""
        return f"azureml:{self.name}:{self.version}"


def data_version(cutoff: date, delivery: int = 1) -> str:
    """`2014-12-31`, and `2014-12-31-2` for what was delivered again for the same days: a version never changes."""
    return cutoff.isoformat() if delivery == 1 else f"{cutoff.isoformat()}-{delivery}"


def newest_data(workspace: Workspace, name: str, cutoff: date) -> tuple[DataAsset | None, str]:
    """The asset of the last delivery up to this day, if there is one, and the version that the next would have."""
    newest: DataAsset | None = None
    for delivery in count(1):
        version = data_version(cutoff, delivery)
        found = find_data(workspace, name, version)
        if found is None:
            return newest, version
        newest = found
    raise AssertionError("deliveries do not end")


def find_data(workspace: Workspace, name: str, version: str) -> DataAsset | None:
    """The asset, or None where none is registered under that name and version."""
    from azure.core.exceptions import ResourceNotFoundError

    with azure_errors(f"reading data asset {name}:{version}"):
        try:
            data = workspace.get_client().data.get(name, version)
        except ResourceNotFoundError:
            return None
    return _frozen(data)


def some_data(workspace: Workspace, name: str) -> DataAsset | None:
    """Any version of the asset, the newest as Azure lists them; None where there is none."""
    from azure.core.exceptions import ResourceNotFoundError

    with azure_errors(f"listing the versions of data asset {name}"):
        try:
            return next(map(_frozen, workspace.get_client().data.list(name=name)), None)
        except ResourceNotFoundError:
            return None


def _frozen(data: Any) -> DataAsset:
    created = data.creation_context
    publisher = (created.created_by or "") if created is not None else ""
    return DataAsset(data.name, data.version, data.path, dict(data.tags), publisher)


def register_data(workspace: Workspace, name: str, version: str, path: str, tags: Mapping[str, str]) -> DataAsset:
    """Register an MLTable folder. Registered already with the same content: that one; with other content: Terminal.

    tags must hold `content_digest`, by which two contents are told apart.
    """
    from azure.ai.ml.constants import AssetTypes
    from azure.ai.ml.entities import Data

    found = find_data(workspace, name, version)
    if found is not None:
        if found.tags.get("content_digest") != tags["content_digest"]:
            raise Terminal(
                f"data asset {name}:{version} is registered with different content ({found.tags.get('content_digest')}), and "
                "versions never change. Choose another cutoff date, or archive that version first."
            )
        return found
    with azure_errors(f"registering data asset {name}:{version}"):
        asset = Data(name=name, version=version, path=path, type=AssetTypes.MLTABLE, tags=dict(tags))
        created = workspace.get_client().data.create_or_update(asset)
    return _frozen(created)

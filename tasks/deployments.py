"""All deployments of an endpoint: which are there, and away with those that nobody needs."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from prefect import task

from blocks.workspace import Workspace
from domain.errors import SignalboxError, StageLost, Terminal, Transient
from tasks.azure_errors import azure_errors
from tasks.batch_endpoints import FENCE_TAG, READERS, Deployment, find_deployment, frozen, serving_deployment
from tasks.lease import HeldStage
from tasks.retries import RETRIED

MADE_BY = "release_id"
"""An endpoint's tag: the release that made it, and that may take it away again."""


@dataclass(frozen=True)
class Inventory:
    """An endpoint's default and its deployments. default: None where nothing serves."""

    default: str | None
    deployments: tuple[Deployment, ...]


def deployments_of(workspace: Workspace, endpoint: str) -> tuple[Deployment, ...]:
    """Every deployment of the endpoint; none where there is no endpoint."""
    from azure.core.exceptions import ResourceNotFoundError

    with azure_errors(f"listing the deployments of {endpoint}"):
        try:
            return tuple(frozen(endpoint, one) for one in workspace.get_client().batch_deployments.list(endpoint))
        except ResourceNotFoundError:
            return ()


def inventories(workspace: Workspace, endpoints: Iterable[str]) -> tuple[dict[str, Inventory], dict[str, str]]:
    """What each endpoint has, read side by side; and of those that could not be read, why."""

    def read(endpoint: str) -> Inventory | str:
        try:
            return Inventory(serving_deployment(workspace, endpoint), deployments_of(workspace, endpoint))
        except SignalboxError as error:
            return str(error)

    names = sorted(set(endpoints))
    with ThreadPoolExecutor(READERS, "reading deployments") as pool:
        found = dict(zip(names, pool.map(read, names), strict=True))
    there = {name: one for name, one in found.items() if isinstance(one, Inventory)}
    return there, {name: one for name, one in found.items() if isinstance(one, str)}


@task(name="remove deployment", **RETRIED)
def remove_deployment(workspace: Workspace, held: HeldStage, endpoint: str, name: str) -> None:
    """Delete a deployment and see that it is gone; one that is gone already is what we wanted.

    Terminal where it serves by now, whatever was planned. StageLost where somebody else holds the stage.
    """
    from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

    client = workspace.get_client()
    with azure_errors(f"removing deployment {name} of {endpoint}"):
        try:
            found = client.batch_endpoints.get(endpoint)
            held.check()
            _must_be_idle(found, endpoint, name, held)
            client.batch_deployments.begin_delete(name, endpoint).result()
        except ResourceNotFoundError:
            return
        except ResourceExistsError as error:  # 409: a removal before this one, or its creation, is under way
            raise Transient(f"deployment {name} of {endpoint} is being changed, so it was not removed") from error
    if find_deployment(workspace, endpoint, name) is not None:
        raise Transient(f"deployment {name} of {endpoint} is still there: Azure accepted its removal and did not do it")


def _must_be_idle(found: Any, endpoint: str, name: str, held: HeldStage) -> None:
    if int((found.tags or {}).get(FENCE_TAG, "0")) > held.fence:
        raise StageLost(f"{endpoint} was switched by a later holder of the stage; this run removes nothing there")
    default = found.defaults.deployment_name if found.defaults else None
    if default and default.lower() == name.lower():
        raise Terminal(f"deployment {name} of {endpoint} serves, so it is not removed; switch to another one first")


@task(name="remove endpoint", **RETRIED)
def remove_endpoint(workspace: Workspace, held: HeldStage, endpoint: str, release: str) -> bool:
    """Delete an endpoint that this release made and that has nothing; whether it is gone.

    It stays where it has a deployment, has ever been switched, or does not carry this release in its tag `release_id`.
    """
    from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

    client = workspace.get_client()
    with azure_errors(f"removing endpoint {endpoint}"):
        try:
            found = client.batch_endpoints.get(endpoint)
            tags = found.tags or {}
            served = FENCE_TAG in tags or (found.defaults is not None and found.defaults.deployment_name)
            if served or tags.get(MADE_BY) != release or any(client.batch_deployments.list(endpoint)):
                return False
            held.check()
            client.batch_endpoints.begin_delete(endpoint).result()
        except ResourceNotFoundError:
            return True
        except ResourceExistsError as error:
            raise Transient(f"endpoint {endpoint} is being changed, so it was not removed") from error
    return True

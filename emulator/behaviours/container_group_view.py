"""A container group as it is read: what its containers do now, and no secret."""

from emulator.arm.resource_id import ResourceId
from emulator.behaviours import Document
from emulator.world import World

NOT_HERE: Document = {
    "restartCount": 0,
    "currentState": {"state": "Waiting", "detailStatus": "ContainerCreating"},
    "events": [],
}


def without_secrets(world: World, id: ResourceId, document: Document) -> Document:
    """The document with instance views; secure values, passwords and keys stay here."""
    run, failure = world.containers.run_of(id), world.containers.failure(id)
    properties = {key: value for key, value in document["properties"].items() if key != "stopped"}
    containers = []
    for one in properties["containers"]:
        inner = {**one["properties"]}
        if inner.get("environmentVariables"):
            inner["environmentVariables"] = [
                _without(variable, "secureValue") for variable in inner["environmentVariables"]
            ]
        running = run.container(one["name"]) if run else None
        inner["instanceView"] = running.record.document() if running else NOT_HERE
        containers.append({**one, "properties": inner})
    properties["containers"] = containers
    if properties.get("imageRegistryCredentials"):
        properties["imageRegistryCredentials"] = [
            _without(one, "password") for one in properties["imageRegistryCredentials"]
        ]
    analytics = (properties.get("diagnostics") or {}).get("logAnalytics")
    if analytics:
        properties["diagnostics"] = {
            **properties["diagnostics"],
            "logAnalytics": _without(analytics, "workspaceKey"),
        }
    if properties.get("provisioningState") in {"Creating", "Updating"}:
        properties["provisioningState"] = "Pending"
    if run is not None:
        state = run.state
    elif failure is not None or properties.get("provisioningState") == "Failed":
        state = "Failed"
    else:
        state = "Pending" if world.containers.working(id) else "Stopped"
    properties["instanceView"] = {"state": state, "events": [_failed(failure.message)] if failure else []}
    return {**document, "properties": properties}


def without_views(shown: Document) -> Document:
    """As a list has it."""
    properties = _without(shown["properties"], "instanceView")
    properties["containers"] = [
        {**one, "properties": _without(one["properties"], "instanceView")} for one in properties["containers"]
    ]
    return {**shown, "properties": properties}


def _failed(message: str) -> Document:
    return {"count": 1, "name": "Failed", "message": message, "type": "Warning"}


def _without(document: Document, key: str) -> Document:
    return {name: value for name, value in document.items() if name != key}

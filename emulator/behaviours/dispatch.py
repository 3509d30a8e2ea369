"""management.azure.com: every resource type through the same few verbs."""

from typing import Any

from emulator.arm.call import Answer, Call
from emulator.arm.content import content_of
from emulator.arm.errors import AzureError, bad_request, not_found, parent_not_found, resource_not_found
from emulator.arm.resource_id import ResourceId
from emulator.arm.stamp import stamped
from emulator.behaviours import behaviour_of
from emulator.operations import Operation
from emulator.world import World

HOST = "https://management.azure.com"


def answer(world: World, call: Call) -> Answer:
    """Answer one ARM request."""
    if "/operations/" in call.path and call.path.startswith("/signalbox"):
        return _operation(world, call)
    try:
        id = ResourceId.parse(call.path)
    except ValueError as error:
        raise bad_request(str(error), "InvalidResourceId") from error
    if "api-version" not in call.query:
        text = "The api-version query parameter (?api-version=) is required for all requests."
        raise bad_request(text, "MissingApiVersionParameter")
    match call.method:
        case "HEAD" if not id.collection:
            _get(world, id)
            return Answer(204)
        case "GET" | "HEAD" if id.collection:
            return _list(world, id, call)
        case "GET":
            return _get(world, id)
        case "PUT":
            return _put(world, id, call)
        case "PATCH":
            return _patch(world, id, call)
        case "DELETE":
            return _delete(world, id)
        case "POST" if id.collection:
            resource = ResourceId(id.scope, id.namespace, id.pairs)
            return behaviour_of(resource.type).action(world, resource, id.collection, call.json())
    raise AzureError(405, "MethodNotAllowed", f"The method {call.method} is not allowed here.")


def _operation(world: World, call: Call) -> Answer:
    kind, _, operation_id = call.path.removeprefix("/signalbox/operations/").partition("/")
    if kind == "status":
        return Answer(document=world.operations.status_document(operation_id), headers=_pacing(world))
    operation = world.operations.get(operation_id)
    if operation is None:
        raise not_found("operation", operation_id)
    if operation.status == "InProgress":
        return Answer(202, headers=_pacing(world) | {"Location": f"{HOST}{call.path}"})
    if operation.error is not None:
        raise operation.error
    behaviour = behaviour_of(operation.resource.type)
    if operation.verb == "delete" and behaviour.shows_deleted:
        return Answer(document=behaviour.shown(world, operation.resource, operation.previous or {}))
    if operation.verb == "action" and behaviour.ends_with_status:
        return Answer(document={"status": operation.status})
    return Answer(204) if operation.verb in {"delete", "action"} else _get(world, operation.resource)


def _pacing(world: World) -> dict[str, str]:
    return {"x-ms-retry-after-ms": str(world.pace.retry_after_ms)}


def _get(world: World, id: ResourceId) -> Answer:
    behaviour = behaviour_of(id.type)
    document = world.store.get(id.path)
    if document is None:
        document = behaviour.missing(world, id)
        if document is None:
            raise resource_not_found(id)
    return Answer(document=behaviour.shown(world, id, document))


def _list(world: World, collection: ResourceId, call: Call) -> Answer:
    behaviour = behaviour_of(collection.type)
    _refuse_in_nothing(world, collection)
    answer = behaviour.read(world, collection, call.query)
    if answer is not None:
        return answer
    if collection.pairs or "/resourcegroups/" in collection.key:
        documents = world.store.children(collection.path)
    else:  # a whole subscription's
        inside = f"{collection.scope.lower()}/"
        documents = [one for one in world.store.all_of(collection.type) if one["id"].lower().startswith(inside)]
    shown = [behaviour.shown(world, ResourceId.parse(document["id"]), document) for document in documents]
    return Answer(document={"value": behaviour.listed(world, collection, shown, dict(call.query)), "nextLink": None})


def _refuse_in_nothing(world: World, collection: ResourceId) -> None:
    """A list in a resource that is not there is no empty list. Of plain storage nobody knows what must be there."""
    if not collection.pairs:
        return
    outermost = collection.ancestor(1)
    behaviour = behaviour_of(outermost.type)
    known = world.store.get(outermost.path) or behaviour.missing(world, outermost)
    if behaviour.type and outermost.namespace != "Microsoft.Resources" and known is None:
        raise resource_not_found(outermost)


def _put(world: World, id: ResourceId, call: Call) -> Answer:
    if id.collection:
        raise bad_request(f"{call.path} names a collection.", "InvalidResourceId")
    behaviour, existing = behaviour_of(id.type), world.store.get(id.path)
    parent = id.parent
    if behaviour.needs_parent and parent is not None and world.store.get(parent.path) is None:
        raise parent_not_found(parent.path)
    _refuse_while_busy(world, id)
    if existing is not None and world.faults.silences(call.method, id.path):
        return Answer(200, behaviour.shown(world, id, existing))
    document = stamped(id, behaviour.prepare(world, id, content_of(call), existing), existing)
    properties = document.setdefault("properties", {})
    if not behaviour.long_running:
        properties.setdefault("provisioningState", "Succeeded")
        world.store.put(id.path, document)
        if existing is None:
            behaviour.created(world, id)
        return Answer(200 if existing else 201, behaviour.shown(world, id, document))
    properties["provisioningState"] = "Updating" if existing else "Creating"
    world.store.put(id.path, document)
    operation = world.operations.begin(id, "create", existing)
    behaviour.begun(world, id)
    shown = behaviour.shown(world, id, document)
    return Answer(200 if existing and call.method == "PATCH" else 201, shown, headers=_headers(world, operation))


def _patch(world: World, id: ResourceId, call: Call) -> Answer:
    existing = world.store.get(id.path)
    if existing is None:
        raise resource_not_found(id)
    _refuse_while_busy(world, id)
    merged, behaviour = _merge(existing, content_of(call)), behaviour_of(id.type)
    if world.faults.silences(call.method, id.path):
        return Answer(200, behaviour.shown(world, id, existing))
    document = stamped(id, behaviour.changed(world, id, merged, existing), existing)
    world.store.put(id.path, document)
    return Answer(200, behaviour.shown(world, id, document))


def _merge(base: Any, change: Any) -> Any:
    """RFC 7396."""
    if not isinstance(base, dict) or not isinstance(change, dict):
        return change
    merged = dict(base)
    for key, value in change.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge(merged.get(key), value)
    return merged


def _delete(world: World, id: ResourceId) -> Answer:
    document = world.store.get(id.path)
    if document is None:
        return Answer(204)
    _refuse_while_busy(world, id)
    behaviour = behaviour_of(id.type)
    behaviour.before_delete(world, id, document)
    if not behaviour.long_running:
        world.store.delete(id.path)
        return Answer(200)
    operation = world.operations.begin(id, "delete", document)
    deleting = {**document, "properties": {**document.get("properties", {}), "provisioningState": "Deleting"}}
    world.store.put(id.path, deleting)
    headers = _headers(world, operation)
    if behaviour.shows_deleted:  # clients then follow Location to its end, and take what it answers last
        del headers["Azure-AsyncOperation"]
    return Answer(202, headers=headers)


def _refuse_while_busy(world: World, id: ResourceId) -> None:
    if world.operations.is_open(id):
        raise behaviour_of(id.type).busy(id)


def _headers(world: World, operation: Operation) -> dict[str, str]:
    return _pacing(world) | {
        "Azure-AsyncOperation": f"{HOST}/signalbox/operations/status/{operation.id}",
        "Location": f"{HOST}/signalbox/operations/result/{operation.id}",
    }


def accepted(world: World, operation: Operation, status: int = 202) -> Answer:
    """The answer to a POST that goes on: 202 (or Azure's other word for it), and where to ask."""
    return Answer(status, headers=_headers(world, operation))


def located(world: World, operation: Operation) -> Answer:
    """The same where a service has no operations to ask for, only a place where the outcome will be."""
    headers = _headers(world, operation)
    del headers["Azure-AsyncOperation"]
    return Answer(202, headers={**headers, "Retry-After": str(max(1, world.pace.retry_after_ms // 1000))})

"""A batch endpoint's scoring URI and its list of jobs."""

import re
import uuid
from typing import Any

from isodate import parse_duration

from emulator.arm.call import Answer, Call
from emulator.arm.errors import AzureError, bad_request, not_found
from emulator.arm.resource_id import ResourceId
from emulator.dataplane import ML_AUDIENCE, ML_HOST, service
from emulator.execution.records import now
from emulator.world import World

SCORING = re.compile(r"/batch(?P<endpoint>/subscriptions/.+/batchEndpoints/[^/]+)/jobs")
LISTED = re.compile(
    r"/mferp/managementfrontend(?P<endpoint>/subscriptions/.+/batchEndpoints/[^/]+)(?:/deployments/(?P<deployment>[^/]+))?/jobs"
)
DEPLOYMENT_HEADER = "azureml-model-deployment"


@service(ML_HOST, r"/batch/subscriptions/", ML_AUDIENCE)
def score(world: World, call: Call) -> Answer:
    """POST: start a scoring job on the deployment in the header, or on the default."""
    found = SCORING.fullmatch(call.path)
    if found is None or call.method != "POST":
        raise AzureError(404, "NotFound", f"There is nothing at {call.method} {call.path}.")
    endpoint = ResourceId.parse(found["endpoint"])
    document = world.store.get(endpoint.path)
    if document is None:
        raise not_found("batch endpoint", endpoint.name)
    default = (document["properties"].get("defaults") or {}).get("deploymentName")
    name = call.headers.get(DEPLOYMENT_HEADER) or default
    if not name:
        raise bad_request(f"The batch endpoint '{endpoint.name}' has no default deployment; name one.", "UserError")
    deployment = world.store.get(endpoint.child("deployments", name).path)
    if deployment is None:
        raise not_found("batch deployment", name)
    if deployment["properties"].get("provisioningState") != "Succeeded":
        raise bad_request(f"The batch deployment '{name}' is not ready to score.", "UserError")
    job = _start(world, endpoint, name, deployment, call.json().get("properties") or {})
    return Answer(201, _resource(world, job))


def _start(
    world: World, endpoint: ResourceId, name: str, deployment: dict[str, Any], asked: dict[str, Any]
) -> ResourceId:
    id = endpoint.ancestor(1).child("jobs", str(asked.get("name") or f"batchjob-{uuid.uuid4()}"))
    if world.store.get(id.path) is not None:
        raise bad_request(f"A job with name '{id.name}' exists already.", "UserError")
    declared = deployment["properties"]
    inputs = [str(one["uri"]) for one in (asked.get("inputData") or {}).values() if one.get("uri")]
    if not inputs:
        raise bad_request("The request names no input data.", "UserError")
    retry = declared.get("retrySettings") or {}
    output = next((one.get("uri") for one in (asked.get("outputData") or {}).values() if one.get("uri")), None)
    code = declared.get("codeConfiguration") or {}
    if not code.get("codeId"):
        raise bad_request(
            f"The deployment '{name}' has no scoring script, and the emulator runs no other models.", "UserError"
        )
    batch = {
        "endpoint": endpoint.name,
        "deployment": name,
        "code": code["codeId"],
        "scoringScript": code.get("scoringScript"),
        "model": (declared.get("model") or {}).get("assetId"),
        "environmentVariables": declared.get("environmentVariables") or {},
        "inputs": inputs,
        "output": output,
        "miniBatchSize": asked.get("miniBatchSize") or declared.get("miniBatchSize"),
        "instanceCount": (declared.get("resources") or {}).get("instanceCount"),
        "maxConcurrencyPerInstance": declared.get("maxConcurrencyPerInstance"),
        "errorThreshold": declared.get("errorThreshold", -1),
        "outputAction": declared.get("outputAction"),
        "outputFileName": asked.get("outputFileName") or declared.get("outputFileName"),
        "retrySettings": {
            "maxRetries": retry.get("maxRetries", 3),
            "timeoutSeconds": parse_duration(str(retry.get("timeout", "PT30S"))).total_seconds(),
        },
    }
    created = {"createdAt": now(), "createdBy": "signalbox", "createdByType": "Application"}
    properties = {
        "jobType": "Pipeline",
        "displayName": f"{endpoint.name} {name}",
        "experimentName": endpoint.name,
        "status": "NotStarted",
        "isArchived": False,
        "tags": {"azureml.batchrun": "true", "azureml.deploymentname": name},
        "properties": {},
        "inputs": {},
        "outputs": {},
        "jobs": {},
        "settings": {},
        "services": {
            "Studio": {
                "jobServiceType": "Studio",
                "endpoint": f"https://ml.azure.com/runs/{id.name}?wsid={endpoint.ancestor(1).path}",
            }
        },
        "computeId": declared.get("compute"),
        "batch": batch,
    }
    world.store.put(
        id.path, {"id": id.path, "name": id.name, "type": id.type, "systemData": created, "properties": properties}
    )
    world.executor.submit(id)
    return id


def _resource(world: World, id: ResourceId) -> dict[str, Any]:
    document = world.store.get(id.path)
    if document is None:
        raise not_found("job", id.name)
    properties = document["properties"]
    return {
        "id": id.path,
        "name": id.name,
        "type": id.type,
        "properties": {
            "name": id.name,
            "status": properties["status"],
            "tags": properties["tags"],
            "displayName": properties["displayName"],
        },
    }


@service(ML_HOST, r"/mferp/managementfrontend/subscriptions/.+/batchEndpoints/", ML_AUDIENCE)
def jobs(world: World, call: Call) -> Answer:
    """GET: the scoring jobs of an endpoint, or of one of its deployments."""
    found = LISTED.fullmatch(call.path)
    if found is None or call.method != "GET":
        raise AzureError(404, "NotFound", f"There is nothing at {call.method} {call.path}.")
    endpoint = ResourceId.parse(found["endpoint"])
    mine = [
        _resource(world, ResourceId.parse(document["id"]))
        for document in world.store.children(endpoint.ancestor(1).path + "/jobs")
        if (batch := document["properties"].get("batch"))
        and batch["endpoint"] == endpoint.name
        and found["deployment"] in {None, batch["deployment"]}
    ]
    return Answer(document={"value": mine, "nextLink": None})

"""The unmodified SDK over batch endpoints and their deployments, as far as scoring is not asked for."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from emulator.control_client import Control

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


@pytest.fixture(scope="module")
def ws(make_ml: "Callable[[str], MLClient]", tmp_path_factory: pytest.TempPathFactory) -> "MLClient":
    """A workspace with a compute, a model and an environment."""
    from azure.ai.ml.entities import AmlCompute, Environment, Model

    ml = make_ml("tour-endpoints")
    place = tmp_path_factory.getbasetemp() / "tour-endpoints"  # the same where the file's tests are not run in one go
    place.mkdir(exist_ok=True)
    (place / "m.txt").write_text("m")
    ml.compute.begin_create_or_update(AmlCompute(name="cpu", size="Standard_DS3_v2", max_instances=2)).result()
    ml.models.create_or_update(Model(name="m", version="1", path=str(place), type="custom_model"))
    ml.environments.create_or_update(Environment(name="e", version="1", image="ubuntu:22.04"))
    return ml


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("code")
    (place / "score.py").write_text("def init(): ...\n\n\ndef run(files): return files\n")
    return place


ENDPOINTS = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/"
    "Microsoft.MachineLearningServices/workspaces/tour-endpoints/batchEndpoints"
)
Arm = Callable[..., requests.Response]


def endpoint(ml: "MLClient", name: str) -> None:
    from azure.ai.ml.entities import BatchEndpoint

    ml.batch_endpoints.begin_create_or_update(BatchEndpoint(name=name, tags={"plant": "A"})).result()


@pytest.fixture
def deploy(ws: "MLClient", code: Path) -> Callable[..., str]:
    """`deploy("be", "blue", model=…)`: its provisioning state once it ended."""
    from azure.ai.ml.entities import CodeConfiguration, ModelBatchDeployment, ModelBatchDeploymentSettings

    def make(at: str, name: str, model: str = "azureml:m:1", compute: str = "cpu") -> str:
        wanted: ModelBatchDeployment = ModelBatchDeployment(
            name=name,
            endpoint_name=at,
            model=model,
            compute=compute,
            environment="azureml:e:1",
            code_configuration=CodeConfiguration(code=str(code), scoring_script="score.py"),
            settings=ModelBatchDeploymentSettings(instance_count=2, max_concurrency_per_instance=4, mini_batch_size=3),
            tags={"release": "r1"},
        )
        return str(ws.batch_deployments.begin_create_or_update(wanted).result().provisioning_state)

    return make


def set_default(ml: "MLClient", name: str, deployment: str) -> str | None:
    """Set it, and what it is afterwards."""
    wanted = ml.batch_endpoints.get(name)
    wanted.defaults = {"deployment_name": deployment}
    ml.batch_endpoints.begin_create_or_update(wanted).result()
    found: str | None = ml.batch_endpoints.get(name).defaults.deployment_name
    return found


def test_an_endpoint_has_no_address_until_it_is_there(ws: "MLClient", control: Control) -> None:
    from azure.ai.ml.entities import BatchEndpoint

    control.set_pace(by_type={"Microsoft.MachineLearningServices/workspaces/batchEndpoints": 600})
    poller = ws.batch_endpoints.begin_create_or_update(BatchEndpoint(name="be-slow"))
    meanwhile = ws.batch_endpoints.get("be-slow")
    assert (str(meanwhile.provisioning_state.value), meanwhile.scoring_uri) == ("Creating", None)
    control.set_pace()
    made = poller.result()
    assert made.scoring_uri.startswith("https://westeurope.api.azureml.ms/batch/subscriptions/")
    assert made.scoring_uri.endswith("/batchEndpoints/be-slow/jobs")
    assert made.defaults.deployment_name is None


def test_a_deployment_keeps_what_it_was_given(ws: "MLClient", deploy: Callable[..., str]) -> None:
    endpoint(ws, "be-kept")
    assert deploy("be-kept", "blue").endswith("SUCCEEDED")
    found = ws.batch_deployments.get("blue", "be-kept")
    assert (found.resources["instance_count"], found.max_concurrency_per_instance) == (2, 4)
    assert (found.tags, found.mini_batch_size) == ({"release": "r1"}, 3)
    assert [one.name for one in ws.batch_deployments.list("be-kept")] == ["blue"]


def test_the_default_switches_and_is_read_back(ws: "MLClient", deploy: Callable[..., str]) -> None:
    endpoint(ws, "be-switch")
    deploy("be-switch", "blue")
    deploy("be-switch", "green")
    assert set_default(ws, "be-switch", "blue") == "blue"
    assert set_default(ws, "be-switch", "green") == "green"
    ws.batch_deployments.begin_delete("blue", "be-switch").result()
    assert [one.name for one in ws.batch_deployments.list("be-switch")] == ["green"]


def test_a_default_that_is_not_there_is_refused(ws: "MLClient", deploy: Callable[..., str]) -> None:
    endpoint(ws, "be-absent")
    with pytest.raises(HttpResponseError, match="The deployment 'gone' does not exist in endpoint 'be-absent'"):
        set_default(ws, "be-absent", "gone")


def test_the_default_deployment_is_not_deleted(ws: "MLClient", deploy: Callable[..., str]) -> None:
    endpoint(ws, "be-guarded")
    deploy("be-guarded", "blue")
    set_default(ws, "be-guarded", "blue")
    with pytest.raises(HttpResponseError, match="'blue' is the default deployment of endpoint 'be-guarded'"):
        ws.batch_deployments.begin_delete("blue", "be-guarded").result()


def test_a_default_update_can_silently_do_nothing(ws: "MLClient", deploy: Callable[..., str], control: Control) -> None:
    endpoint(ws, "be-silent")
    deploy("be-silent", "blue")
    control.add_fault("silent_no_op", path="batchEndpoints/be-silent$")
    assert set_default(ws, "be-silent", "blue") is None
    assert set_default(ws, "be-silent", "blue") == "blue"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"compute": "nowhere"}, "Requested compute 'nowhere' was not found in the workspace"),
        ({"model": "azureml:m:99"}, "Model with id '.*/models/m/versions/99' was not found"),
        ({"model": "azureml://registries/none/models/m/versions/1"}, "Model with id 'azureml://registries/none"),
    ],
)
def test_a_deployment_of_what_is_not_there_fails(
    ws: "MLClient", deploy: Callable[..., str], given: dict[str, str], words: str
) -> None:
    endpoint(ws, "be-failing")
    with pytest.raises(HttpResponseError, match=words):
        deploy("be-failing", "blue", **given)
    assert str(ws.batch_deployments.get("blue", "be-failing").provisioning_state).endswith("FAILED")
    ws.batch_endpoints.begin_delete("be-failing").result()


def test_an_operation_fails_on_request(ws: "MLClient", deploy: Callable[..., str], control: Control) -> None:
    endpoint(ws, "be-unlucky")
    control.add_fault("failed_operation", method="PUT", path="be-unlucky/deployments/blue")
    with pytest.raises(HttpResponseError, match="injected fault"):
        deploy("be-unlucky", "blue")
    assert deploy("be-unlucky", "blue").endswith("SUCCEEDED")


def test_a_name_is_taken_in_the_whole_region(make_ml: "Callable[[str], MLClient]", ws: "MLClient") -> None:
    endpoint(ws, "be-single")
    with pytest.raises(HttpResponseError, match=r"'be-single' is not available\. Endpoint names must be unique within"):
        endpoint(make_ml("tour-endpoints-2"), "be-single")


def test_a_name_that_breaks_the_rule_is_refused(ws: "MLClient", deploy: Callable[..., str], arm: Arm) -> None:
    place = f"{ENDPOINTS}/be_under"
    answer = arm("PUT", place, json={"location": "westeurope", "properties": {"authMode": "AADToken"}})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("The specified endpoint name 'be_under' is invalid.")


def test_deleting_an_endpoint_deletes_its_deployments(ws: "MLClient", deploy: Callable[..., str]) -> None:
    endpoint(ws, "be-gone")
    deploy("be-gone", "blue")
    set_default(ws, "be-gone", "blue")
    ws.batch_endpoints.begin_delete("be-gone").result()
    with pytest.raises(ResourceNotFoundError, match="batchEndpoints/be-gone"):
        ws.batch_endpoints.get("be-gone")
    with pytest.raises(ResourceNotFoundError, match="batchEndpoints/be-gone/deployments/blue"):
        ws.batch_deployments.get("blue", "be-gone")
    assert "be-gone" not in [one.name for one in ws.batch_endpoints.list()]


def test_a_long_operation_is_polled_at_its_own_address(ws: "MLClient", arm: Arm, control: Control) -> None:
    control.set_pace(by_type={"Microsoft.MachineLearningServices/workspaces/batchEndpoints": 600})
    place = f"{ENDPOINTS}/be-polled"
    started = arm("PUT", place, json={"location": "westeurope", "properties": {"authMode": "AADToken"}})
    assert (started.status_code, started.json()["properties"]["provisioningState"]) == (201, "Creating")
    address = started.headers["Azure-AsyncOperation"].removeprefix("https://management.azure.com")
    states = [arm("GET", address).json()["status"]]
    control.set_pace()
    while states[-1] == "Updating":
        time.sleep(0.05)
        states.append(arm("GET", address).json()["status"])
    assert (states[0], states[-1]) == ("Updating", "Succeeded")
    assert arm("GET", place).json()["properties"]["defaults"] == {}

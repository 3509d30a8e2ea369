"""Azure throttles, and everything still succeeds: the unmodified SDKs against the emulator, through the limiters."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from azure.core import PipelineClient
from azure.core.pipeline.policies import RetryPolicy
from azure.core.rest import HttpRequest
from azure.storage.blob import ContainerClient, ExponentialRetry
from prefect import flow

from blocks.clients import pacing
from blocks.clients.limiter import SHARED, Limiter, Limiters
from blocks.clients.pacing import START
from blocks.clients.throttling import POLLED_EVERY, LimitedRetries, LimitedTransport, ThrottlingPolicies, for_ml_client
from blocks.ledger import Ledger
from blocks.loading import loaded
from blocks.model_registry import ModelRegistry
from blocks.workspace import Workspace
from deployments.environments.environment import load_environment
from deployments.laptop.resources import create_resources
from domain.candidate.changed_circuits import ChangedCircuit
from domain.declaration.target import BatchEndpointTarget
from domain.declaration.workload import Compute
from domain.errors import Transient
from domain.ledger.fact import Kind
from emulator.control_client import Control
from emulator.controls.journal import Entry
from emulator.server import Emulator
from tasks.azure_errors import azure_errors
from tasks.azure_ml.compute import ensure_compute
from tasks.azure_ml.datastore_files import list_files
from tasks.azure_ml.models import download_model, publish_model, register_model
from tasks.ledger.facts import append_fact, read_facts
from tasks.targets.batch_endpoint.target import BatchEndpoints
from tasks.targets.platform import DeploymentRequest
from tasks.workloads import declared_workload

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

ARM = "management.azure.com"
THREADS = 16
SDK_RETRIES = 10
"""Of azure-core, in all; three of a status."""


@dataclass(frozen=True)
class Site:
    """The blocks of the laptop environment."""

    dev: Workspace
    test: Workspace
    registry: ModelRegistry
    ledger: Ledger

    def ml(self, limiters: Limiters) -> "MLClient":
        """A client of the test workspace with limiters of its own, made as the block makes its client."""
        from azure.ai.ml import MLClient

        place = (self.test.subscription_id, self.test.resource_group, self.test.workspace_name)
        return MLClient(self.test.credential.get_client(), *place, show_progress=False, **for_ml_client(limiters))

    def container(self, limiters: Limiters) -> ContainerClient:
        """The ledger's container with limiters of its own, made as the block makes its client."""
        retries = LimitedRetries(ExponentialRetry(), limiters)
        place = (self.ledger.account_url, self.ledger.container)
        return ContainerClient(*place, credential=self.ledger.credential.get_client(), retry_policy=retries)


@pytest.fixture(scope="module")
def site(environment: str, own_azure: Emulator) -> Site:
    create_resources(load_environment(environment))
    return Site(
        loaded(Workspace, "dev"),
        loaded(Workspace, "test"),
        loaded(ModelRegistry, "shared"),
        loaded(Ledger, "ledger"),
    )


@pytest.fixture
def control(own_azure: Emulator) -> Iterator[Control]:
    control = own_azure.control
    control.clear_journal()
    yield control
    control.clear_faults()
    control.set_pace()


def at(entry: Entry) -> float:
    return datetime.fromisoformat(entry.at).timestamp()


def gaps(entries: Sequence[Entry]) -> list[float]:
    """Seconds from each request to the next, as the server saw them; its journal has milliseconds."""
    times = sorted(at(entry) for entry in entries)
    return [later - earlier + 0.001 for earlier, later in pairwise(times)]


def test_clients_keep_a_connection_for_all_that_may_be_under_way_and_poll_every_five_seconds(site: Site) -> None:
    limiters = Limiters()
    ml = site.ml(limiters)
    transport: LimitedTransport = for_ml_client(limiters)["transport"]
    assert for_ml_client(limiters)["transport"] is transport is not for_ml_client(Limiters())["transport"]
    assert transport.session.get_adapter(f"https://{ARM}").poolmanager.connection_pool_kw["maxsize"] == pacing.MOST
    assert ml.batch_endpoints._batch_operation._config.polling_interval == POLLED_EVERY == 5


def test_a_storm_over_sixteen_threads_is_slow_and_fails_nothing(site: Site, control: Control) -> None:
    limiters = Limiters()
    ml, limiter = site.ml(limiters), limiters.of(ARM)
    control.add_fault("throttle", path=ARM, times=300, retry_after=0.05)

    def ask(_: int) -> tuple[str, int]:
        return str(ml.workspaces.get(site.test.workspace_name).name), limiter.at_once

    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(ask, range(60)))
    assert {name for name, _ in answers} == {site.test.workspace_name}
    assert min(at_once for _, at_once in answers) <= START / 4  # others may have been answered since
    refused = control.journal(host=ARM, status=429)
    assert len(refused) == 300 > 5 * SDK_RETRIES
    assert min(gaps(refused[-100:])) >= 0.05  # one at a time, and none before it was allowed


def test_nobody_asks_before_retry_after_has_passed_and_other_services_are_not_held(
    site: Site, control: Control
) -> None:
    limiters = Limiters()
    clients, container = [site.ml(limiters) for _ in range(3)], site.container(limiters)
    container.exists()
    control.add_fault("throttle", path=ARM, retry_after=1.0)
    control.clear_journal()
    with ThreadPoolExecutor(THREADS) as pool:
        first = pool.submit(clients[0].workspaces.get, site.test.workspace_name)
        while not limiters.of(ARM).throttled:
            time.sleep(0.005)
        rest = [pool.submit(clients[n % 3].workspaces.get, site.test.workspace_name) for n in range(15)]
        container.exists()
        for future in (first, *rest):
            future.result()
    refused, *served = control.journal(host=ARM)
    assert [refused.status, *(entry.status for entry in served)] == [429] + [200] * 16
    assert min(at(entry) for entry in served) >= at(refused) + 1.0 - 0.001
    (blob,) = control.journal(path="blob.core.windows.net")
    assert at(blob) < at(refused) + 1.0


def test_a_storm_over_blob_storage_fails_nothing_and_every_stream_arrives_whole(site: Site, control: Control) -> None:
    limiters = Limiters()
    container = site.container(limiters)
    if not container.exists():
        container.create_container()
    control.add_fault("throttle", method="PUT", path="blob.core.windows.net", times=100, retry_after=0.05)

    def keep(number: int) -> bytes:
        stream = BytesIO(b"not this" + bytes([number]) * 5000)
        stream.seek(8)
        container.upload_blob(f"storm/{number}", stream, overwrite=True)
        return container.download_blob(f"storm/{number}").readall()

    with ThreadPoolExecutor(THREADS) as pool:
        assert list(pool.map(keep, range(32))) == [bytes([number]) * 5000 for number in range(32)]
    assert len(control.journal(method="PUT", status=429)) == 100


def test_a_fact_is_recorded_once_through_a_storm(site: Site, control: Control) -> None:
    control.add_fault("throttle", path="blob.core.windows.net", times=5 * SDK_RETRIES, retry_after=0.05)
    name = f"storm{time.time_ns()}"
    fact = append_fact.fn(site.ledger, name, "20260101.1", Kind.REQUESTED, {}, datetime.now(UTC))
    assert read_facts(site.ledger, name, "20260101.1") == (fact,)


def test_a_datastores_files_are_listed_through_a_storm(site: Site, control: Control) -> None:
    control.add_fault("throttle", path="blob.core.windows.net", times=5 * SDK_RETRIES, retry_after=0.05)
    assert list_files(site.dev, "azureml://datastores/workspaceblobstore/paths/nothing/here/") == ()
    assert len(control.journal(status=429)) == 5 * SDK_RETRIES


def test_the_registry_behind_its_own_host_is_limited_too(site: Site, control: Control) -> None:
    site.registry.get_client()
    control.add_fault("throttle", path=r"\.azureml\.(ms|net)/", times=5 * SDK_RETRIES, retry_after=0.05)
    list(site.registry.get_client().models.list())
    assert len(control.journal(status=429)) == 5 * SDK_RETRIES


def test_what_the_ml_client_sends_through_no_policy_is_limited_too(site: Site, control: Control) -> None:
    from azure.ai.ml.entities import BatchEndpoint

    limiters = Limiters()
    ml = site.ml(limiters)
    ml.batch_endpoints.begin_create_or_update(BatchEndpoint(name="be-jobs")).result()
    control.add_fault("throttle", path="batchEndpoints/be-jobs/jobs", times=5 * SDK_RETRIES, retry_after=0.02)
    assert list(ml.batch_endpoints.list_jobs("be-jobs")) == []
    (host,) = {entry.host for entry in control.journal(status=429)}
    assert host != ARM
    assert limiters.of(host).throttled


def test_deploying_and_switching_end_well_in_storms_that_outlast_the_retries_of_the_sdk(
    site: Site, control: Control, tmp_path: Path
) -> None:
    workload = declared_workload("plants")
    target = next(stage.target for stage in workload.stages if isinstance(stage.target, BatchEndpointTarget))
    endpoints = BatchEndpoints(workload, site.test, target)
    ensure_compute.fn(site.test, Compute(name=target.compute, size=target.vm_size, max_instances=4), "tests")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.txt").write_text("a model")
    registered = register_model(site.dev, "storm-c1", tmp_path / "model", {"data_asset": "D:1"})
    circuit = ChangedCircuit(
        plant_id="STORM",
        circuit_id="C1",
        model_name="storm-c1",
        model_version=registered.version,
        model_digest=registered.digest,
        data_asset="D:1",
        cutoff_date=date(2014, 6, 30),
        data_report_digest="sha256:" + "0" * 64,
        training_job="job",
        metrics={"rmse": 1.0},
    )
    publish_model.fn(site.dev, site.registry, circuit, {})
    model = f"azureml://registries/{site.registry.registry_name}/models/storm-c1/versions/{registered.version}"
    request = DeploymentRequest("be-storm-c1", "deployment-1", model, registered.digest, {}, {})

    storm: dict[str, Any] = {"times": 5 * SDK_RETRIES, "retry_after": 0.02}
    control.add_fault("throttle", "PUT", f"{ARM}.*/batchEndpoints/be-storm-c1/deployments/", **storm)
    control.add_fault("throttle", "GET", f"{ARM}.*/batchEndpoints/be-storm-c1$", **storm)
    control.clear_journal()
    assert endpoints.deploy(request).state == "Succeeded"
    assert not control.journal(path="registries")  # the SDK would ask there for a line of its log, past every limiter
    control.add_fault("throttle", "PUT", f"{ARM}.*/batchEndpoints/be-storm-c1$", **storm)
    sdk = site.test.get_client().batch_endpoints
    endpoint = sdk.get("be-storm-c1")
    endpoint.defaults.deployment_name = "deployment-1"
    sdk.begin_create_or_update(endpoint).result()
    assert endpoints.serving("be-storm-c1") == "deployment-1"
    assert [fault.happened for fault in control.faults()] == [5 * SDK_RETRIES] * 3
    assert SHARED.of(ARM).throttled


def test_the_blob_clients_that_the_sdk_makes_for_a_model_wait_too_and_share_our_connections(
    site: Site, control: Control, tmp_path: Path
) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.txt").write_text(f"stored through a storm {time.time_ns()}")
    storm: dict[str, Any] = {"times": 5 * SDK_RETRIES, "retry_after": 0.02}
    put = control.add_fault("throttle", "PUT", r"blob\.core\.windows\.net/.*model\.txt", **storm)
    registered = register_model(site.dev, "storm-c2", tmp_path / "model", {"data_asset": "D:1"})
    get = control.add_fault("throttle", "GET", r"blob\.core\.windows\.net/.*model\.txt", **storm)
    download_model(site.dev, "storm-c2", registered.version, tmp_path / "back")
    (back,) = (tmp_path / "back").rglob("model.txt")
    assert back.read_text() == (tmp_path / "model" / "model.txt").read_text()
    assert {fault.id: fault.happened for fault in control.faults()} == dict.fromkeys((put, get), 5 * SDK_RETRIES)
    (host,) = {entry.host for entry in control.journal(status=429)}
    assert SHARED.of(host).throttled


def test_patience_ends_and_that_is_transient(site: Site, control: Control) -> None:
    limiters = Limiters(patience_seconds=0.5)
    ml = site.ml(limiters)
    control.add_fault("throttle", path=ARM, times=10_000, retry_after=0.1)
    started = time.monotonic()
    with (
        pytest.raises(Transient, match=r"management\.azure\.com is throttling: a request has waited 0\.5 s without"),
        azure_errors("reading the workspace"),
    ):
        ml.workspaces.get(site.test.workspace_name)
    assert 0.5 <= time.monotonic() - started < 3  # the SDK does not begin anew


def test_patience_ends_for_those_that_were_not_even_sent(site: Site, control: Control) -> None:
    limiters = Limiters(patience_seconds=0.5)
    limiter = limiters.of(ARM)
    limiter.refused(time.monotonic(), 60.0)
    control.clear_journal()
    ml = site.ml(limiters)
    with ThreadPoolExecutor(THREADS) as pool:
        futures = [pool.submit(ml.workspaces.get, site.test.workspace_name) for _ in range(THREADS)]
        for future in futures:
            with pytest.raises(Transient, match="Run the same command again later"):
                future.result()
    assert control.journal(host=ARM) == []


def test_an_operation_that_is_waited_for_holds_no_slot(site: Site, control: Control) -> None:
    from azure.ai.ml.entities import BatchEndpoint

    limiters = Limiters()
    ml, limiter = site.ml(limiters), limiters.of(ARM)
    for _ in range(8):
        limiter.refused(time.monotonic(), 0.001)
    assert limiter.at_once == 1
    control.set_pace(by_type={"Microsoft.MachineLearningServices/workspaces/batchEndpoints": 600}, retry_after_ms=700)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ml.batch_endpoints.begin_create_or_update(BatchEndpoint(name="be-slow")).result)
        asked = 0
        while not waiting.done():
            ml.workspaces.get(site.test.workspace_name)
            asked += 1
            if asked == 6:
                control.set_pace()
    assert waiting.result().name == "be-slow"
    assert asked > 5


def test_people_are_told_when_throttling_begins_and_ends_and_not_of_each_request(
    site: Site, control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pacing, "CALM_SECONDS", 0.3)
    told: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda entry: told.append(f"{entry.levelname} {entry.getMessage()}")  # type: ignore[method-assign]
    ml = site.ml(Limiters())
    logging.getLogger("prefect.limiter").addHandler(handler)
    try:
        control.add_fault("throttle", path=ARM, times=40, retry_after=0.05)
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda _: ml.workspaces.get(site.test.workspace_name), range(32)))
        time.sleep(0.5)
        for _ in range(3):
            ml.workspaces.get(site.test.workspace_name)
    finally:
        logging.getLogger("prefect.limiter").removeHandler(handler)
    begin, end = told
    assert begin.startswith("INFO management.azure.com is throttling: waiting 0.0")
    assert begin.endswith(" s; 8 requests at once now")
    assert end.startswith("INFO management.azure.com has stopped throttling, after ")
    assert end.endswith(" s; 16 requests at once now")


def test_the_page_of_the_run_says_that_it_waits_for_azure(
    site: Site, control: Control, caplog: pytest.LogCaptureFixture
) -> None:
    ml = site.ml(Limiters())
    control.add_fault("throttle", path=ARM, retry_after=0.05)

    @flow
    def asking() -> None:
        ml.workspaces.get(site.test.workspace_name)

    asking()
    (said,) = [entry for entry in caplog.records if "throttling" in entry.getMessage()]
    assert said.name == "prefect.flow_runs"


Answer = tuple[int, dict[str, str]]


@pytest.fixture
def service() -> Iterator[tuple[str, list[Answer], list[bytes]]]:
    """An address, the answers it gives before it says 200, and the bodies that came."""
    answers: list[Answer] = []
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self) -> None:
            body = b""
            if self.headers.get("Transfer-Encoding") == "chunked":
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
            else:
                body = self.rfile.read(int(self.headers["Content-Length"]))
            bodies.append(body)
            status, headers = answers.pop(0) if answers else (200, {})
            self.send_response(status)
            for name, value in {**headers, "Content-Length": "0"}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", answers, bodies
        server.shutdown()


def put(url: str, content: Any) -> tuple[int, float]:
    """A request without the SDK's own retries: the status, and how long it took."""
    client: PipelineClient[Any, Any] = PipelineClient(
        url, policies=[RetryPolicy.no_retries()], per_retry_policies=ThrottlingPolicies(Limiters())
    )
    started = time.monotonic()
    with client:
        status = client.send_request(HttpRequest("PUT", url, content=content)).status_code
    return status, time.monotonic() - started


def in_two_seconds() -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)


@pytest.mark.parametrize(
    ("status", "headers", "least"),
    [
        (429, lambda: {"Retry-After": "1"}, 1.0),
        (429, lambda: {"retry-after-ms": "400"}, 0.4),
        (429, lambda: {"x-ms-retry-after-ms": "400"}, 0.4),
        (429, lambda: {"Retry-After": in_two_seconds()}, 0.9),
        (429, lambda: {}, 1.0),
        (429, lambda: {"Retry-After": "0"}, 1.0),
        (503, lambda: {"Retry-After": "1"}, 1.0),
        (503, lambda: {"x-ms-error-code": "ServerBusy"}, 1.0),
    ],
)
def test_every_way_to_say_too_many_requests_is_understood(
    service: tuple[str, list[Answer], list[bytes]], status: int, headers: Callable[[], dict[str, str]], least: float
) -> None:
    url, answers, bodies = service
    answers.append((status, headers()))
    answered, took = put(url, b"body")
    assert (answered, bodies) == (200, [b"body", b"body"])
    assert took >= least


@pytest.mark.parametrize(
    ("status", "headers"),
    [(503, {}), (500, {"Retry-After": "1"}), (409, {"Retry-After": "1"}), (202, {"Retry-After": "1"})],
)
def test_what_is_no_throttling_is_left_to_the_sdk(
    service: tuple[str, list[Answer], list[bytes]], status: int, headers: dict[str, str]
) -> None:
    url, answers, bodies = service
    answers.append((status, headers))
    assert put(url, b"body")[0] == status
    assert bodies == [b"body"]


def test_a_stream_is_sent_again_from_where_it_was(service: tuple[str, list[Answer], list[bytes]]) -> None:
    url, answers, bodies = service
    answers += [(429, {"retry-after-ms": "10"})] * 3
    stream = BytesIO(b"before the body")
    stream.seek(11)
    assert put(url, stream)[0] == 200
    assert bodies == [b"body"] * 4


def test_a_body_that_can_be_read_only_once_is_not_sent_again(service: tuple[str, list[Answer], list[bytes]]) -> None:
    url, answers, bodies = service
    answers.append((429, {"retry-after-ms": "10"}))
    assert put(url, iter([b"bo", b"dy"]))[0] == 429
    reading, writing = socket.socketpair()
    with reading, writing, reading.makefile("rb") as pipe:
        writing.sendall(b"body")
        writing.shutdown(socket.SHUT_WR)
        answers.append((429, {"retry-after-ms": "10"}))
        assert put(url, pipe)[0] == 429
    assert bodies == [b"body"] * 2


def test_who_came_first_goes_first() -> None:
    limiter = Limiter("service")
    for _ in range(8):
        limiter.refused(time.monotonic(), 0.001)
    order: list[int] = []

    def go(number: int) -> None:
        with limiter.slot():
            order.append(number)

    early = limiter.slot()
    threads = [threading.Thread(target=go, args=(number,)) for number in range(10)]
    with limiter.slot():
        for thread in threads:
            thread.start()
            time.sleep(0.01)
        repeated = threading.Thread(
            target=lambda: [early.__enter__(), order.append(-1), early.__exit__(None, None, None)]
        )
        repeated.start()
        time.sleep(0.05)
        assert order == []
    for thread in (*threads, repeated):
        thread.join(10)
    assert order == [-1, *range(10)]


def test_a_free_slot_wakes_one_that_waits_and_not_all(monkeypatch: pytest.MonkeyPatch) -> None:
    limiter = Limiter("service")
    for _ in range(8):
        limiter.refused(time.monotonic(), 0.001)
    looks = 0
    look = limiter._sleep

    def counted(ticket: int, came: float) -> float:
        nonlocal looks
        looks += 1
        return look(ticket, came)

    def go(_: int) -> None:
        with limiter.slot():
            pass

    monkeypatch.setattr(limiter, "_sleep", counted)
    with ThreadPoolExecutor(64) as pool:
        with limiter.slot():
            waiting = pool.map(go, range(64))
            time.sleep(0.3)
        assert list(waiting) == [None] * 64
    assert looks < 64 * 5  # when they come, when the one before leaves, when it gives its slot back; of all, 64 * 64


def test_a_slot_comes_back_when_a_request_fails() -> None:
    limiter = Limiter("service")
    for _ in range(2 * START):
        with pytest.raises(ConnectionError), limiter.slot():
            raise ConnectionError
    with limiter.slot():
        pass


def test_a_service_is_a_host_a_storage_account_or_all_regions_of_the_data_plane() -> None:
    limiters = Limiters()
    assert limiters.of("westeurope.api.azureml.ms") is limiters.of("northeurope.API.azureml.ms")
    assert limiters.of("one.blob.core.windows.net") is limiters.of("one.blob.core.windows.net")
    assert len({id(limiters.of(f"{name}.blob.core.windows.net")) for name in ("one", "two", ARM)}) == 3

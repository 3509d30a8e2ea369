"""The scoring service, as a process that is asked over HTTP: right estimates, refusals with reasons, an orderly end."""

import json
import socket
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from engine_service import EngineService

from trained_model.model_folder import LoadedModel
from workloads.estimation_engine.service.estimation.__main__ import MOST_CONNECTIONS
from workloads.estimation_engine.service.estimation.app import MOST_BYTES
from workloads.estimation_engine.service.estimation.messages import MOST_ROWS
from workloads.estimation_engine.service.estimation.problems import MOST_REASONS

Rows = list[dict[str, Any]]


def head(service: EngineService, length: int) -> bytes:
    lines = ("POST /v1/estimates HTTP/1.1", f"Host: 127.0.0.1:{service.port}", "Content-Type: application/json")
    return ("\r\n".join(lines) + f"\r\nContent-Length: {length}\r\n\r\n").encode()


def test_estimates_are_the_models_own(
    service: EngineService, rows: Rows, extracted: pd.DataFrame, loaded: LoadedModel
) -> None:
    answer = service.ask(*rows[:MOST_ROWS])
    assert answer.status_code == 200, answer.text
    assert answer.json()["model"] == {"name": "ames-saleprice", "version": "3"}
    prices = [estimate["price"] for estimate in answer.json()["estimates"]]
    assert prices == loaded.predict(extracted.head(MOST_ROWS)).tolist()


def test_a_house_unlike_any_of_the_training_is_estimated_and_told(service: EngineService, rows: Rows) -> None:
    usual, unusual = rows[0], rows[0] | {"year_built": 2024, "neighborhood": "Hayden_Lake"}
    estimates = service.ask(usual, unusual).json()["estimates"]
    assert [estimate["outside_training"] for estimate in estimates] == [[], ["year_built", "neighborhood"]]


@pytest.mark.parametrize(
    ("change", "where", "reason"),
    [
        ({"lot_area": None}, "rows[1].lot_area", "valid number"),
        ({"lot_area": "9000"}, "rows[1].lot_area", "valid number"),
        ({"lot_area": 499.9}, "rows[1].lot_area", "greater than or equal to 500"),
        ({"garage_cars": 1.5}, "rows[1].garage_cars", "valid integer"),
        ({"garage_cars": True}, "rows[1].garage_cars", "valid integer"),
        ({"garage_cars": -1}, "rows[1].garage_cars", "greater than or equal to 0"),
        ({"neighborhood": "Soho"}, "rows[1].neighborhood", "Input should be 'Bloomington_Heights'"),
        ({"price": 1}, "rows[1].price", "Extra inputs are not permitted"),
    ],
)
def test_a_wrong_row_is_refused_with_its_place_and_reason(
    service: EngineService, rows: Rows, change: dict[str, object], where: str, reason: str
) -> None:
    answer = service.ask(rows[0], rows[1] | change)
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["code"] == "not_valid"
    assert [found["where"] for found in problem["reasons"]] == [where]
    assert reason in problem["reasons"][0]["reason"]


def test_a_row_without_a_field_is_refused(service: EngineService, rows: Rows) -> None:
    answer = service.ask({name: value for name, value in rows[0].items() if name != "latitude"})
    assert answer.json()["reasons"] == [{"where": "rows[0].latitude", "reason": "Field required"}]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"", 422, "Field required"),
        (b"{", 422, "JSON decode error at character 1: Expecting property name"),
        (b"[]", 422, "valid dictionary"),
        (b"{}", 422, "Field required"),
        (b'{"rows": []}', 422, "at least 1 item"),
        (b'{"rows": {}}', 422, "valid list"),
        (b'{"rows": [NaN]}', 422, "valid dictionary"),
        (b'{"rows": [[]], "debug": true}', 422, "Extra inputs are not permitted"),
        (b"[" * 100_000, 400, "error parsing the body"),
        (b"9" * 5_000, 400, "error parsing the body"),
        (b'{"rows": "\xff"}', 400, "error parsing the body"),
    ],
)
def test_a_body_that_is_no_question_is_refused(service: EngineService, body: bytes, status: int, said: str) -> None:
    answer = service.client.post("/v1/estimates", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status, answer.text
    assert said in answer.text
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_numbers_that_are_none_are_refused(service: EngineService, rows: Rows) -> None:
    text = json.dumps({"rows": [rows[0] | {"lot_area": float("nan")}]})
    answer = service.client.post("/v1/estimates", content=text, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["reasons"][0]["reason"] == "Input should be a finite number"


def test_more_rows_than_agreed_are_refused(service: EngineService, rows: Rows) -> None:
    answer = service.ask(*rows[: MOST_ROWS + 1])
    assert answer.status_code == 422
    assert "at most 1000 items" in answer.json()["reasons"][0]["reason"]


def test_many_faults_are_counted_and_the_first_told(service: EngineService, rows: Rows) -> None:
    problem = service.ask(*[row | {"lot_area": -1, "rooms": 99} for row in rows[:100]]).json()
    assert problem["message"] == "200 thing(s) in the request are wrong, of which the first 20 are told"
    assert len(problem["reasons"]) == MOST_REASONS


@pytest.mark.parametrize("size", [MOST_BYTES + 1, MOST_BYTES * 3])
@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_that_is_too_large_is_refused(service: EngineService, size: int, chunked: bool) -> None:
    body = b" " * size
    answer = service.client.post("/v1/estimates", content=iter([body[:-9], body[-9:]]) if chunked else body)
    assert answer.status_code == 413
    assert answer.json()["message"] == "the body is larger than 2097152 bytes. Send fewer rows in each request"


def test_the_largest_question_that_is_allowed_is_far_below_the_limit(rows: Rows) -> None:
    longest = {name: max((row[name] for row in rows), key=lambda value: len(str(value))) for name in rows[0]}
    assert len(json.dumps({"rows": [longest] * MOST_ROWS}, indent=1)) < MOST_BYTES


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/v1/estimates", 405), ("GET", "/docs", 404)])
def test_other_methods_and_paths_are_refused_as_json(
    service: EngineService, method: str, path: str, status: int
) -> None:
    answer = service.client.request(method, path)
    assert answer.status_code == status
    assert answer.json()["code"] == "refused"


def test_a_plain_request_id_comes_back_and_another_is_replaced(service: EngineService) -> None:
    def named(name: str) -> str:
        return str(service.client.get("/health", headers={"x-request-id": name}).headers["x-request-id"])

    assert named("order-7.a_b") == "order-7.a_b"
    assert named('"},{') != '"},{'
    assert len(named("x" * 65)) == 32


def test_the_interface_is_described_with_its_bounds(service: EngineService) -> None:
    house = service.client.get("/openapi.json").json()["components"]["schemas"]["House"]["properties"]
    assert (house["lot_area"]["minimum"], house["lot_area"]["maximum"]) == (500, 300_000)


def test_requests_rows_and_times_are_counted(service: EngineService, rows: Rows, digest: str) -> None:
    samples = {
        'estimation_requests_total{route="/v1/estimates",status="200"}': 1,
        'estimation_requests_total{route="/v1/estimates",status="422"}': 1,
        'estimation_requests_total{route="other",status="404"}': 2,
        'estimation_request_seconds_count{route="/v1/estimates"}': 2,
        "estimation_rows_total": 3,
        "estimation_rows_outside_training_total": 1,
    }
    before = {sample: service.count(sample) for sample in samples}
    service.ask(*rows[:2], rows[2] | {"year_built": 2100})
    service.ask()
    service.client.get("/one")
    service.client.get("/two")
    assert {sample: service.count(sample) - before[sample] for sample in samples} == samples
    info = f'estimation_model_info{{digest="{digest}",name="ames-saleprice",version="3"}}'
    assert (service.count(info), service.count("estimation_ready")) == (1, 1)


def test_the_log_has_a_line_for_each_question_and_nothing_of_its_content(service: EngineService, rows: Rows) -> None:
    service.client.post("/v1/estimates", json={"rows": rows[:1]}, headers={"x-request-id": "seen"})
    service.client.post("/v1/estimates", json={"rows": [{"secret": "Soho"}]}, headers={"x-request-id": "wrong"})
    until, lines = time.monotonic() + 10, {}  # a line is written once its answer has left
    while not {"seen", "wrong"} <= lines.keys() and time.monotonic() < until:
        lines = {line.get("request_id"): line for line in service.log()}
    assert (lines["seen"]["route"], lines["seen"]["status"], lines["wrong"]["status"]) == ("/v1/estimates", 200, 422)
    text = service.log_file.read_text()
    assert "Soho" not in text
    assert rows[0]["neighborhood"] not in text


def test_a_request_that_has_begun_is_answered_before_the_process_ends(
    trained: dict[str, Path], digest: str, rows: Rows, tmp_path: Path
) -> None:
    body = json.dumps({"rows": rows[:5]}).encode()
    with EngineService(trained["model"], digest, tmp_path / "log") as running:
        with socket.create_connection(("127.0.0.1", running.port), timeout=10) as begun:
            begun.sendall(head(running, len(body)) + body[:100])
            time.sleep(0.3)
            asked = time.monotonic()
            running.process.terminate()
            time.sleep(0.5)
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", running.port), timeout=2)
            begun.sendall(body[100:])
            answer = b"".join(iter(lambda: begun.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 200 OK")
        assert answer.count(b'"price"') == 5
        assert running.process.wait(5) == 0
        assert time.monotonic() - asked < 5


def test_more_connections_than_agreed_are_turned_away(trained: dict[str, Path], digest: str, tmp_path: Path) -> None:
    with EngineService(trained["model"], digest, tmp_path / "log") as running:
        held = [socket.create_connection(("127.0.0.1", running.port), timeout=5) for _ in range(MOST_CONNECTIONS)]
        try:
            until = time.monotonic() + 10
            while running.client.get("/health").status_code != 503:  # not all of them are taken yet
                assert time.monotonic() < until
        finally:
            for connection in held:
                connection.close()
        until = time.monotonic() + 5
        while running.client.get("/health").status_code == 503 and time.monotonic() < until:
            time.sleep(0.1)
        assert running.client.get("/health").status_code == 200

"""The service over real HTTP: what it answers, what it refuses, and that it serves the released model only."""

import json
import re
import shutil
import socket
import sys
from importlib.metadata import packages_distributions, requires
from pathlib import Path
from typing import Any

import pytest
from flight_service import FLIGHT, FlightService
from packaging.requirements import Requirement

from workloads.flask_app.service.prediction.app import MOST_BYTES

FLASK = Path(__file__).parents[3] / "workloads" / "flask_app"


def test_it_is_up_ready_and_says_which_model_answered(service: FlightService) -> None:
    assert service.client.get("/health").json() == {"status": "up"}
    assert service.client.get("/ready").json() == {"status": "ready"}
    answer = service.ask(FLIGHT)
    assert answer.status_code == 200
    assert answer.json()["model"] == {"name": "nyc-airtime", "version": "3"}
    [prediction] = answer.json()["predictions"]
    assert 280 < prediction["minutes"] < 400
    assert prediction["outside_training"] == ["month"]  # trained on January to March


def test_the_declared_question_is_answered_flight_by_flight(service: FlightService) -> None:
    question = json.loads((FLASK / "question.json").read_text())
    answer = service.client.post("/predict", json=question).json()
    assert len(answer["predictions"]) == len(question["flights"]) == 2


def test_what_the_model_never_saw_is_predicted_and_said(service: FlightService) -> None:
    [prediction] = service.ask({**FLIGHT, "month": 2, "destination": "ZZZ", "distance": 9000}).json()["predictions"]
    assert prediction["outside_training"] == ["distance", "destination"]
    assert prediction["minutes"] > 0


@pytest.mark.parametrize(
    ("flight", "where", "reason"),
    [
        ({**FLIGHT, "origin": "jfk"}, "flights[0].origin", "must be a code like"),
        ({**FLIGHT, "carrier": 7}, "flights[0].carrier", "must be a code like"),
        ({**FLIGHT, "hour": 24}, "flights[0].hour", "must be a whole number from 0 to 23"),
        ({**FLIGHT, "hour": 1.5}, "flights[0].hour", "must be a whole number"),
        ({**FLIGHT, "month": True}, "flights[0].month", "must be a whole number"),
        ({**FLIGHT, "distance": 0}, "flights[0].distance", "must be a number from 1 to 12000"),
        ({**FLIGHT, "distance": float("nan")}, "flights[0].distance", "must be a number"),
        ({**FLIGHT, "weather": "fine"}, "flights[0].weather", "is no field of a flight"),
        ({name: FLIGHT[name] for name in FLIGHT if name != "origin"}, "flights[0].origin", "is missing"),
        ("JFK", "flights[0]", "must be an object with origin, destination"),
    ],
)
def test_a_flight_that_is_not_valid_is_refused_with_its_place(
    service: FlightService, flight: Any, where: str, reason: str
) -> None:
    body = json.dumps({"flights": [flight]})  # NaN and all, as a careless client sends it
    answer = service.client.post("/predict", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    [told] = answer.json()["reasons"]
    assert told["where"] == where
    assert reason in told["reason"]


@pytest.mark.parametrize(
    ("body", "where"),
    [("[]", "body"), ('{"rows": []}', "body"), ('{"flights": []}', "flights"), ('{"flights": {}}', "body")],
)
def test_a_body_without_flights_is_refused(service: FlightService, body: str, where: str) -> None:
    answer = service.client.post("/predict", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["reasons"][0]["where"]) == (422, where)


def test_a_thousand_flights_are_answered_and_one_more_is_refused(service: FlightService) -> None:
    assert len(service.ask(*[FLIGHT] * 1000).json()["predictions"]) == 1000
    answer = service.ask(*[FLIGHT] * 1001)
    assert (answer.status_code, answer.json()["reasons"][0]["reason"]) == (
        422,
        "has 1001 flights, and 1 to 1000 are allowed",
    )


@pytest.mark.parametrize(
    ("method", "path", "body", "kind", "status"),
    [
        ("POST", "/predict", "{", "application/json", 400),
        ("POST", "/predict", "[" * 200_000, "application/json", 400),
        ("POST", "/predict", "x", "text/plain", 415),
        ("POST", "/predict", " " * (MOST_BYTES + 1), "application/json", 413),
        ("GET", "/predict", "", "", 405),
        ("GET", "/elsewhere", "", "", 404),
    ],
)
def test_what_is_no_question_is_refused_as_json(
    service: FlightService, method: str, path: str, body: str, kind: str, status: int
) -> None:
    answer = service.client.request(method, path, content=body, headers={"Content-Type": kind} if kind else {})
    assert (answer.status_code, sorted(answer.json())) == (status, ["code", "message", "reasons"])


def test_a_body_that_does_not_arrive_is_given_up(service: FlightService) -> None:
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as slow:
        slow.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        assert slow.recv(100) == b""  # closed


def test_a_model_that_is_not_the_released_one_is_never_loaded(
    trained: dict[str, Path], digest: str, tmp_path: Path
) -> None:
    spoilt = shutil.copytree(trained["model"], tmp_path / "model")
    (spoilt / "model.joblib").write_bytes(f"cposix\nsystem\n(S'touch {tmp_path}/sprung'\ntR.".encode())
    with FlightService(spoilt, digest, tmp_path / "log") as service:
        assert service.client.get("/health").status_code == 200
        answer = service.client.get("/ready")
        assert answer.status_code == 503
        assert "they are not what was released" in answer.json()["message"]
        assert service.ask(FLIGHT).status_code == 503
    assert not (tmp_path / "sprung").exists()


def test_settings_that_cannot_be_used_end_it_with_everything_that_is_wrong(tmp_path: Path) -> None:
    service = FlightService(tmp_path, "sha256:abc", tmp_path / "log", PORT="0", MODEL_NAME="")
    service.launch()
    assert service.process.wait(30) == 2
    service.client.close()
    said = (tmp_path / "log").read_text()
    assert all(name in said for name in ("PORT", "MODEL_DIGEST", "MODEL_NAME"))


def test_it_ends_well_when_told_to(trained: dict[str, Path], digest: str, tmp_path: Path) -> None:
    with FlightService(trained["model"], digest, tmp_path / "log") as service:
        assert service.ask(FLIGHT).status_code == 200
        assert service.stop() == 0


def test_every_package_of_the_image_is_pinned_and_brings_nothing_that_is_not_named() -> None:
    lines = (FLASK / "service" / "requirements.txt").read_text().splitlines()
    pinned = {Requirement(line).name for line in lines if re.fullmatch(r"[a-z0-9-]+==[0-9.]+", line)}
    needed = {
        requirement.name.lower().replace("_", "-")
        for name in pinned
        for requirement in map(Requirement, requires(name) or [])
        if requirement.marker is None or requirement.marker.evaluate({"extra": "", "python_version": "3.11"})
    }
    assert needed <= pinned
    sources = "\n".join(file.read_text() for file in (FLASK / "service" / "prediction").glob("*.py"))
    imported = set(re.findall(r"^(?:from|import) (\w+)", sources, re.MULTILINE)) - sys.stdlib_module_names
    shipped = {name: {one.lower().replace("_", "-") for one in packages_distributions()[name]} for name in imported}
    assert {name for name, by in shipped.items() if not pinned & by} == set()


def test_the_service_runs_as_nobody_in_particular_and_the_recipe_copies_what_the_context_has() -> None:
    dockerfile = (FLASK / "service" / "Dockerfile").read_text()
    assert re.search(r"^USER 10001:10001$", dockerfile, re.MULTILINE)
    copied = re.findall(r"^COPY (\S+) ", dockerfile, re.MULTILINE)
    assert copied == ["requirements.txt", "prediction", "model"]
    assert all((FLASK / "service" / name).exists() for name in copied if name != "model")

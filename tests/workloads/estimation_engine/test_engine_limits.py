"""What real traffic shows too slowly or too seldom: bodies that trickle, callers that leave, and a model that fails."""

import asyncio
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from workloads.estimation_engine.service.estimation.app import create_app
from workloads.estimation_engine.service.estimation.body import DISCARDED, BodyLimit
from workloads.estimation_engine.service.estimation.logs import line_of
from workloads.estimation_engine.service.estimation.model import Model
from workloads.estimation_engine.service.estimation.settings import Settings

Message = dict[str, Any]
SCOPE: Message = {"type": "http", "headers": []}
SETTINGS = Settings("127.0.0.1", 8080, Path("model"), "sha256:" + "0" * 64, "m", "1")


class Exchange:
    """One request, part by part, and what was answered. A part that is None is one that never comes."""

    def __init__(self, *parts: bytes | None) -> None:
        self.parts: Iterator[bytes | None] = iter(parts)
        self.received, self.reached = 0, b""
        self.sent: list[Message] = []

    async def receive(self) -> Message:
        self.received += 1
        part = next(self.parts, b"")
        if part is None:
            await asyncio.sleep(60)
        if part == b"gone":
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": part, "more_body": bool(part)}

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    async def application(self, scope: Any, receive: Any, send: Any) -> None:
        self.reached = (await receive())["body"]

    def run(self, most: int = 10, seconds: float = 5.0) -> int:
        """The status that was answered; 0 when none was."""
        asyncio.run(BodyLimit(self.application, most, seconds)(SCOPE, self.receive, self.send))
        return next((message["status"] for message in self.sent if message["type"] == "http.response.start"), 0)


def test_a_body_within_the_limit_arrives_whole() -> None:
    exchange = Exchange(b"01234", b"56789")
    assert (exchange.run(), exchange.reached) == (0, b"0123456789")


def test_a_body_that_trickles_is_refused_in_time() -> None:
    exchange = Exchange(b"0", None)
    assert exchange.run(seconds=0.05) == 408
    assert "did not arrive within 0.05 s" in json.loads(exchange.sent[1]["body"])["message"]


def test_a_caller_who_leaves_is_not_answered() -> None:
    exchange = Exchange(b"0", b"gone")
    assert (exchange.run(), exchange.reached) == (0, b"")


def test_a_body_without_an_end_is_not_read_for_ever() -> None:
    exchange = Exchange(*[b"01234"] * 1000)
    assert exchange.run() == 413
    assert exchange.received == DISCARDED * 10 / 5 + 1


class Broken:
    """A model that fails over every input, and says what it was."""

    def predict(self, matrix: np.ndarray) -> np.ndarray:
        raise ValueError(f"cannot estimate {matrix}")


def test_a_model_that_fails_is_a_500_and_the_log_tells_where_but_not_what_was_asked(
    rows: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    numbers = {name: value for name, value in rows[0].items() if not isinstance(value, str)}
    app = create_app(SETTINGS, Model(Broken(), tuple(numbers), {}, {}))

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://engine") as client:
            return await client.post("/v1/estimates", json={"rows": rows[:1]}, headers={"x-request-id": "seven"})

    with caplog.at_level(logging.INFO):
        answer = asyncio.run(ask())
    assert (answer.status_code, answer.json()["code"], answer.json()["request_id"]) == (500, "failed", "seven")
    [line] = [json.loads(line_of(record)) for record in caplog.records if record.getMessage() == "failed"]
    assert (line["error"], line["request_id"]) == ("ValueError", "seven")
    assert "predict" in line["at"][-1]
    assert str(rows[0]["year_built"]) not in json.dumps(line)

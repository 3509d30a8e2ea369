"""The smoke test of a service: asked at its address as its callers ask it. (Seed 001, "smoke test on dev".)"""

import asyncio
import ssl
import time
from functools import cache
from pathlib import Path

import httpx

from domain.errors import Terminal
from domain.unit import Unit
from domain.verification.http_smoke import HttpEvidence, HttpSmokeTest
from tasks.targets.pauses import pauses

LOOK_AGAIN_SECONDS = 1.0
"""In the end; at first sooner."""
READY_SECONDS = 10.0
"""For one answer of the ready path, from connecting to its last byte."""
LONGEST_ANSWER = 1 << 20
"""Bytes of an answer that are read."""


def send_request(test: HttpSmokeTest, folder: Path, ready: str, unit: Unit, address: str, version: str) -> HttpEvidence:
    """Wait until it is ready, then ask once.

    folder: the workload's. ready: path. address: `http://host:port`. version: of the model that must answer.
    """
    question = folder / test.question
    if not question.is_file():
        raise Terminal(f"{unit} has no question for its smoke test: there is no file {test.question} in {folder.name}/")
    began, waits = time.monotonic(), pauses(LOOK_AGAIN_SECONDS)
    while True:
        status, text, _ = _answer(httpx.Request("GET", address + ready), READY_SECONDS)
        waited = time.monotonic() - began
        if status == httpx.codes.OK or waited > test.ready_minutes * 60:
            break
        time.sleep(next(waits))
    evidence = HttpEvidence(
        unit=unit,
        address=address,
        version=version,
        ready=status,
        ready_seconds=waited,
        ready_text=text,
        status=0,
        answer="",
        milliseconds=0.0,
    )
    if status != httpx.codes.OK:
        return evidence
    headers = {"Content-Type": "application/json"}
    request = httpx.Request("POST", address + test.path, content=question.read_bytes(), headers=headers)
    status, text, taken = _answer(request, test.within_ms / 1000 + 5.0)  # a late answer is told from none
    return evidence.model_copy(update={"status": status, "answer": text, "milliseconds": taken * 1000})


def _answer(request: httpx.Request, seconds: float) -> tuple[int, str, float]:
    """Status, the beginning of the text and how many seconds it took; 0 and why where nothing answered whole in time."""
    try:
        return asyncio.run(_within(request, seconds))
    except TimeoutError:
        return 0, f"no complete answer within {seconds:g} s", seconds
    except httpx.HTTPError as error:
        return 0, f"{type(error).__name__}: {error}", 0.0


async def _within(request: httpx.Request, seconds: float) -> tuple[int, str, float]:
    """One limit for all of it: httpx's own are for each piece, and a slow drip keeps every one of them."""
    body = bytearray()
    async with asyncio.timeout(seconds), _client(seconds) as client:
        began = time.perf_counter()  # what the client needs for itself is not the service's
        answer = await client.send(request, stream=True)
        async for piece in answer.aiter_bytes():
            body += piece
            if len(body) >= LONGEST_ANSWER:
                break
        taken = time.perf_counter() - began
        await answer.aclose()
    return answer.status_code, bytes(body[:LONGEST_ANSWER]).decode(errors="replace"), taken


def _client(seconds: float) -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=seconds, trust_env=False, verify=_authorities())


@cache
def _authorities() -> ssl.SSLContext:
    """Read once: that takes longer than most answers."""
    return ssl.create_default_context()

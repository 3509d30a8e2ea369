"""The smoke test of a service: asked at its address as its callers ask it. (Seed 001, "smoke test on dev".)"""

import time
from pathlib import Path

import httpx

from domain.errors import Terminal
from domain.http_smoke import HttpEvidence, HttpSmokeTest
from domain.unit import Unit

LOOK_AGAIN_SECONDS = 1.0
LONGEST_ANSWER = 1 << 20
"""Bytes of an answer that are read."""


def ask(test: HttpSmokeTest, folder: Path, ready: str, unit: Unit, address: str) -> HttpEvidence:
    """Wait until it is ready, then ask once. folder: the workload's. ready: path. address: `http://host:port`."""
    question = folder / test.question
    if not question.is_file():
        raise Terminal(f"{unit} has no question for its smoke test: there is no file {test.question} in {folder.name}/")
    began = time.monotonic()
    with httpx.Client(base_url=address, timeout=test.within_ms / 1000 + 5.0, trust_env=False) as client:
        status, text = 0, ""
        while True:
            status, text = _get(client, ready)
            waited = time.monotonic() - began
            if status == httpx.codes.OK or waited > test.ready_minutes * 60:
                break
            time.sleep(LOOK_AGAIN_SECONDS)
        evidence = HttpEvidence(
            unit=unit,
            address=address,
            ready=status,
            ready_seconds=waited,
            ready_text=text,
            status=0,
            answer="",
            milliseconds=0.0,
        )
        if status != httpx.codes.OK:
            return evidence
        asked = time.perf_counter()
        status, text = _post(client, test.path, question.read_bytes())
        taken = (time.perf_counter() - asked) * 1000
    return evidence.model_copy(update={"status": status, "answer": text, "milliseconds": taken})


def _get(client: httpx.Client, path: str) -> tuple[int, str]:
    return _answer(client, client.build_request("GET", path))


def _post(client: httpx.Client, path: str, body: bytes) -> tuple[int, str]:
    return _answer(
        client, client.build_request("POST", path, content=body, headers={"Content-Type": "application/json"})
    )


def _answer(client: httpx.Client, request: httpx.Request) -> tuple[int, str]:
    """Status and the beginning of the text; 0 and why where nothing answered."""
    try:
        answer = client.send(request, stream=True)
        try:
            body = bytearray()
            for piece in answer.iter_bytes():
                body += piece
                if len(body) >= LONGEST_ANSWER:
                    break
        finally:
            answer.close()
    except httpx.TransportError as error:
        return 0, f"{type(error).__name__}: {error}"
    return answer.status_code, bytes(body[:LONGEST_ANSWER]).decode(errors="replace")

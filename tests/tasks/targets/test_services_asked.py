"""Services that answer as no service should: each ends the question, none holds it up."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from domain.errors import Terminal
from domain.unit import Unit
from domain.verification.http_smoke import HttpSmokeTest
from tasks.targets import http_smoke
from tasks.targets.http_smoke import LONGEST_ANSWER, send_request

UNIT = Unit(plant="P1", circuit="C1")
TEST = HttpSmokeTest(
    path="/ask", question=Path("q.json"), answers=("text",), version="version", ready_minutes=0.01, within_ms=1000
)
READY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
Say = Callable[[socket.socket], None]


def read_whole(taken: socket.socket) -> None:
    """The request with its body: a connection that is closed while some of it is unread is reset, and the answer lost with it."""
    with taken.makefile("rb") as request:
        head = iter(request.readline, b"\r\n")
        lengths = [int(line.split(b":")[1]) for line in head if line.lower().startswith(b"content-length:")]
        request.read(sum(lengths))


@contextmanager
def service(*says: Say) -> Iterator[str]:
    """Its address; what it says to the first request, the second, and so on: the last for all others."""
    left = list(says)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    taken, _ = listening.accept()
                except OSError:
                    return
                with taken:
                    try:
                        read_whole(taken)
                        (left.pop(0) if len(left) > 1 else left[0])(taken)
                    except OSError:
                        continue

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def say(text: bytes) -> Say:
    return lambda taken: taken.sendall(text)


def drip(head: bytes) -> Say:
    """A byte each tenth of a second, for longer than anybody waits."""

    def drop(taken: socket.socket) -> None:
        taken.sendall(head)
        for _ in range(600):
            taken.sendall(b"x")
            time.sleep(0.1)

    return drop


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a question."""
    (tmp_path / "q.json").write_text("{}")
    return tmp_path


def test_a_service_that_is_ready_is_asked(folder: Path) -> None:
    body = b'{"text": "a", "version": 3}'
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body)
    with service(say(READY), say(answer)) as address:
        seen = send_request(TEST, folder, "/ready", UNIT, address, "3")
    assert (seen.ready, seen.status, seen.answer) == (200, 200, body.decode())
    assert TEST.verdict(seen).passed


@pytest.mark.parametrize(
    "head",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Long: "],
    ids=["body", "headers"],
)
def test_an_answer_in_drips_is_none(folder: Path, monkeypatch: pytest.MonkeyPatch, head: bytes) -> None:
    monkeypatch.setattr(http_smoke, "READY_SECONDS", 1.0)
    with service(drip(head)) as address:
        seen = send_request(TEST, folder, "/ready", UNIT, address, "3")
    assert (seen.ready, seen.ready_text) == (0, "no complete answer within 1 s")
    assert not TEST.verdict(seen).passed


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
            "DecodingError",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\nConnection: close\r\n\r\nhalf", "RemoteProtocolError"),
        (b"this is no HTTP\r\n\r\n", "RemoteProtocolError"),
    ],
    ids=["no gzip", "cut short", "no HTTP"],
)
def test_an_answer_that_cannot_be_read_fails_and_says_why(folder: Path, answer: bytes, why: str) -> None:
    with service(say(READY), say(answer)) as address:
        seen = send_request(TEST, folder, "/ready", UNIT, address, "3")
    assert seen.status == 0
    assert seen.answer.startswith(f"{why}: ")
    assert not TEST.verdict(seen).passed


def test_of_an_endless_answer_the_beginning_is_read(folder: Path) -> None:
    def endless(taken: socket.socket) -> None:
        taken.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while True:
            taken.sendall(b"x" * 65536)

    with service(say(READY), endless) as address:
        seen = send_request(TEST, folder, "/ready", UNIT, address, "3")
    assert len(seen.answer) == LONGEST_ANSWER


def test_nothing_there_is_said(folder: Path, silent_port: int) -> None:
    seen = send_request(TEST, folder, "/ready", UNIT, f"http://127.0.0.1:{silent_port}", "3")
    assert (seen.ready, seen.status) == (0, 0)
    assert seen.ready_text.startswith("ConnectError: ")


def test_without_a_question_nothing_is_asked(tmp_path: Path) -> None:
    with pytest.raises(Terminal, match=r"P1/C1 has no question .* no file q\.json"):
        send_request(TEST, tmp_path, "/ready", UNIT, "http://127.0.0.1:1", "3")

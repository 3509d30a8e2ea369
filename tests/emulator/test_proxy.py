"""The one port: what is intercepted, what is tunnelled, what is refused."""

import socket
import ssl
import statistics
import threading
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
import requests
import trustme

from emulator.front import proxy
from emulator.front.tls import INTERCEPTED
from emulator.identity import access
from emulator.server import Emulator

Connected = Callable[[str], socket.socket]
Secured = Callable[..., ssl.SSLSocket]


def _ask(emulator: Emulator, head: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", urlsplit(emulator.url).port), timeout=10) as line:
        line.sendall(head)
        answer = b""
        while more := line.recv(4096):
            answer += more
        return answer


def _request(line: ssl.SSLSocket, host: str) -> bytes:
    line.sendall(f"GET /subscriptions/s HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    answer = b""
    while more := line.recv(4096):
        answer += more
    return answer


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server on the loopback that sends back all it gets, and then ends."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            line, _ = listening.accept()
            with line:
                while data := line.recv(65536):
                    line.sendall(data)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(10)
        assert not thread.is_alive()


def test_other_hosts_are_tunnelled_untouched(echo: int, connected: Connected) -> None:
    sent = bytes(range(256)) * 8192
    with connected(f"127.0.0.1:{echo}") as line:

        def send() -> None:
            line.sendall(sent)
            line.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        received = b""
        while data := line.recv(65536):
            received += data
        sender.join(10)
    assert received == sent


def test_a_tunnelled_tls_server_shows_its_own_certificate(connected: Connected) -> None:
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            line, _ = listening.accept()
            with server.wrap_socket(line, server_side=True) as secure:
                secure.sendall(secure.recv(5)[::-1])

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        client = ssl.create_default_context()
        authority.configure_trust(client)
        target = connected(f"localhost:{listening.getsockname()[1]}")
        with client.wrap_socket(target, server_hostname="localhost") as secure:
            secure.sendall(b"hello")
            assert secure.recv(5) == b"olleh"
        thread.join(10)


def test_a_host_that_cannot_be_reached_is_a_bad_gateway(emulator: Emulator) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    answer = _ask(emulator, f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 502 ")
    assert b"cannot be reached" in answer


@pytest.mark.parametrize(
    "host",
    [
        "management.azure.com",
        "login.microsoftonline.com",
        "account.blob.core.windows.net",
        "account.dfs.core.windows.net",
        "westeurope.api.azureml.ms",
        "0a1b.workspace.westeurope.api.azureml.ms",
        "westeurope.experiments.azureml.net",
        "azuremlschemas.azureedge.net",
        "registry.azurecr.io",
        "azuremlschemasprod.azureedge.net",
    ],
)
def test_the_emulator_answers_as_each_of_azures_hosts(secured: Secured, host: str) -> None:
    with secured(host) as line:
        assert _request(line, host).split(b" ", 2)[1] in (b"400", b"401", b"403", b"404")
        assert ("DNS", host) in (line.getpeercert() or {})["subjectAltName"]


@pytest.mark.parametrize(
    "host",
    [
        "management.azure.com.evil.example",
        "evilmanagement.azure.com",
        "blob.core.windows.net",
        "azure.com",
        "x_y.api.azureml.ms",
        "azurecr.io",
        "a.registry.azurecr.io",
        "mcr.azurecr.io.evil.example",
    ],
)
def test_names_that_only_look_like_azures_are_not_intercepted(host: str) -> None:
    assert not INTERCEPTED.fullmatch(host)


def test_a_request_for_another_host_than_its_connection_is_refused(secured: Secured) -> None:
    with secured("management.azure.com") as line:
        assert _request(line, "account.blob.core.windows.net").startswith(b"HTTP/1.1 421 ")
    with secured("management.azure.com") as line:
        assert _request(line, "MANAGEMENT.azure.com:443").startswith(b"HTTP/1.1 401 ")


def test_a_handshake_for_another_host_than_its_connection_is_refused(secured: Secured) -> None:
    with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized|EOF occurred"):
        secured("management.azure.com", name="login.microsoftonline.com")


def test_a_service_that_is_not_emulated_says_so(emulator: Emulator) -> None:
    answer = requests.get("https://westeurope.api.azureml.ms/no/such/service", timeout=10)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NotFound")


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"CONNECT management.azure.com:80 HTTP/1.1\r\n\r\n", b"403"),
        (b"CONNECT management.azure.com HTTP/1.1\r\n\r\n", b"400"),
        (b"CONNECT management.azure.com:99999 HTTP/1.1\r\n\r\n", b"400"),
        (b"CONNECT management.azure.com:443 HTTP/1.1\r\n\r\n\x16\x03\x01", b"400"),
        (b"GET http://management.azure.com/ HTTP/1.1\r\n\r\n", b"403"),
        (b"GET / HTTP/1.1\r\n\r\n", b"403"),
        (b"\x16\x03\x01 hello\r\n\r\n", b"400"),
        (b"CONNECT x:1 HTTP/1.1\r\nX: " + b"a" * proxy.HEAD_BYTES, b"431"),
    ],
)
def test_other_requests_to_the_port_are_refused(emulator: Emulator, head: bytes, status: bytes) -> None:
    assert _ask(emulator, head).startswith(b"HTTP/1.1 " + status)


def test_a_peer_that_says_nothing_is_let_go(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy, "HEAD_SECONDS", 0.2)
    assert _ask(emulator, b"CONNECT management") == b""


def test_only_the_loopback_is_listened_to(emulator: Emulator) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing; asks which address this machine would use
        address = probe.getsockname()[0]
    if address.startswith("127."):
        pytest.skip("this machine has no other address than the loopback")
    with pytest.raises(ConnectionRefusedError, match="refused"):
        socket.create_connection((address, urlsplit(emulator.url).port), timeout=5)


def test_requests_with_a_body_are_not_held_up_by_delayed_acknowledgements(emulator: Emulator) -> None:
    url = "https://management.azure.com/subscriptions/s/resourceGroups/rg?api-version=1"
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {access.issue_token(access.ARM_AUDIENCE)}"
        seconds = [
            session.put(url, json={"location": "x", "tags": {"a": "b" * 3000}}, timeout=10).elapsed.total_seconds()
            for _ in range(40)
        ]
    assert statistics.median(seconds[10:]) < 0.03  # Nagle's algorithm and a delayed acknowledgement cost 42 ms together

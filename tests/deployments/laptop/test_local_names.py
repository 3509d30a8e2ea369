"""The Prefect server answers under this machine's names: a page whose name is made to lead to 127.0.0.1 gets nothing of it."""

import http.client
import json
import socket

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from deployments.laptop.laptop import Laptop

STRANGE = [
    ["evil.example"],
    ["evil.example:{port}"],
    ["127.0.0.1.evil.example:{port}"],
    ["localhost.evil.example"],
    ["evil.example#@127.0.0.1"],
    ["127.0.0.1 evil.example"],
    ["127.0.0.2"],
    ["0.0.0.0:{port}"],
    ["::1"],
    ["[::2]"],
    [""],
    [],
    ["127.0.0.1", "evil.example"],
    ["localhost", "localhost"],
]
OWN = ["127.0.0.1", "127.0.0.1:{port}", "localhost", "LocalHost:{port}", "localhost:1", "[::1]", "[::1]:{port}"]


def answered(laptop: Laptop, path: str, hosts: list[str]) -> tuple[int, str]:
    """Of a request with these Host headers, which has the password."""
    connection = http.client.HTTPConnection("127.0.0.1", laptop.api_port, timeout=30)
    connection.putrequest("GET", path, skip_host=True)
    for host in hosts:
        connection.putheader("Host", host.format(port=laptop.api_port))
    connection.endheaders()
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, text


@pytest.mark.parametrize("path", ["/api/health", "/", "/ui-settings", "/docs"])
@pytest.mark.parametrize("hosts", STRANGE, ids=str)
def test_another_name_is_refused_whatever_is_asked(laptop: Laptop, path: str, hosts: list[str]) -> None:
    status, text = answered(laptop, path, hosts)
    assert status in (400, 403)  # 400: the HTTP server itself takes no request that names no host, or two
    if hosts and hosts[0] == "evil.example":
        assert (status, text) == (
            403,
            "The Prefect server answers to 127.0.0.1, localhost and [::1], and to no other name.\n",
        )


@pytest.mark.parametrize("host", OWN)
def test_its_own_names_are_answered_whatever_port_they_say(laptop: Laptop, host: str) -> None:
    assert answered(laptop, "/api/health", [host]) == (200, "true")


@pytest.mark.parametrize("path", ["events/in", "events/out", "logs/out"])
def test_a_websocket_to_another_name_is_refused_with_the_password_too(laptop: Laptop, path: str) -> None:
    for name in ("evil.example", "evil.example:80", "127.0.0.1.evil.example"):
        with pytest.raises(InvalidStatus, match="403"):
            connect(f"ws://{name}/api/{path}", sock=socket.create_connection(("127.0.0.1", laptop.api_port)))
    with connect(f"ws://localhost:{laptop.api_port}/api/{path}", subprotocols=[Subprotocol("prefect")]) as websocket:
        websocket.send(json.dumps({"type": "auth", "token": laptop.password.get_secret_value()}))
        assert json.loads(websocket.recv(timeout=30))["type"] == "auth_success"

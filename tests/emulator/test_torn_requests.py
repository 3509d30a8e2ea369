"""A caller that dies between the head and the body of its request changes nothing."""

import socket
import ssl
from urllib.parse import urlsplit

import requests

from emulator import identity
from emulator.server import Emulator

GROUP = "/subscriptions/s/resourceGroups/torn?api-version=1"
HOST = "management.azure.com"


def test_half_a_request_is_stored_nowhere(emulator: Emulator) -> None:
    token = identity.issue_token(identity.ARM_AUDIENCE)
    session = requests.Session()
    session.trust_env = False
    session.proxies, session.verify = {"https": emulator.url}, str(emulator.ca_file)
    session.headers["Authorization"] = f"Bearer {token}"
    whole = {"location": "westeurope", "tags": {"whole": "yes"}}
    assert session.put(f"https://{HOST}{GROUP}", json=whole, timeout=10).ok

    tunnel = socket.create_connection(("127.0.0.1", urlsplit(emulator.url).port))
    tunnel.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}:443\r\n\r\n".encode())
    assert b" 200 " in tunnel.recv(4096)
    trusting = ssl.create_default_context(cafile=str(emulator.ca_file))
    head = f"PUT {GROUP} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: 30\r\n\r\n"
    with trusting.wrap_socket(tunnel, server_hostname=HOST) as torn:
        torn.sendall(f"{head}{{".encode())

    assert session.get(f"https://{HOST}{GROUP}", timeout=10).json()["tags"] == {"whole": "yes"}
    assert not [entry for entry in emulator.control.journal() if entry.method == "PUT" and entry.status >= 400]

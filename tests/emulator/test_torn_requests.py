"""A caller that dies between the head and the body of its request changes nothing."""

import socket
import ssl
import time
from urllib.parse import urlsplit

import requests

from emulator.identity import access
from emulator.server import Emulator

ARM = "https://management.azure.com/subscriptions/s/resourceGroups/torn"
HOST = "torn.blob.core.windows.net"
BLOB = f"https://{HOST}/box/lease.json"


def test_half_a_request_is_stored_nowhere(emulator: Emulator) -> None:
    session = requests.Session()
    session.trust_env = False
    session.proxies, session.verify = {"https": emulator.url}, str(emulator.ca_file)
    arm = {"Authorization": f"Bearer {access.issue_token(access.ARM_AUDIENCE)}"}
    account = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "properties": {}}
    session.put(f"{ARM}?api-version=1", json={"location": "westeurope"}, headers=arm, timeout=10).raise_for_status()
    session.put(
        f"{ARM}/providers/Microsoft.Storage/storageAccounts/torn?api-version=1", json=account, headers=arm, timeout=10
    ).raise_for_status()
    time.sleep(0.2)
    storage = {
        "Authorization": f"Bearer {access.issue_token('https://storage.azure.com')}",
        "x-ms-version": "2024-05-04",
        "x-ms-blob-type": "BlockBlob",
    }
    session.put(f"https://{HOST}/box?restype=container", headers=storage, timeout=10).raise_for_status()
    session.put(BLOB, data=b"whole", headers=storage, timeout=10).raise_for_status()

    tunnel = socket.create_connection(("127.0.0.1", urlsplit(emulator.url).port))
    tunnel.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}:443\r\n\r\n".encode())
    assert b" 200 " in tunnel.recv(4096)
    told = "".join(f"{name}: {value}\r\n" for name, value in {"Host": HOST, "Content-Length": "5", **storage}.items())
    trusting = ssl.create_default_context(cafile=str(emulator.ca_file))
    with trusting.wrap_socket(tunnel, server_hostname=HOST) as torn:
        torn.sendall(f"PUT /box/lease.json HTTP/1.1\r\n{told}\r\n".encode())
        time.sleep(0.1)
    time.sleep(0.5)  # by then it is stored, if it ever is
    assert session.get(BLOB, headers=storage, timeout=10).content == b"whole"

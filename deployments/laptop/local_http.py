"""Requests to servers on this machine, without Prefect's client, which takes seconds to import."""

import http.client
import json
from base64 import b64encode
from typing import Any

from pydantic import SecretStr

HOST = "127.0.0.1"
TIMEOUT_SECONDS = 5.0


def request(
    port: int, method: str, path: str, body: Any = None, password: SecretStr | None = None
) -> tuple[int, bytes]:
    """Status and content of the answer; status 0 when nobody answers. body: sent as JSON. password: `user:password`."""
    connection = http.client.HTTPConnection(HOST, port, timeout=TIMEOUT_SECONDS)
    text = None if body is None else json.dumps(body)
    headers = {"Content-Type": "application/json"} if text else {}
    if password is not None:
        headers["Authorization"] = f"Basic {b64encode(password.get_secret_value().encode()).decode()}"
    try:
        connection.request(method, path, text, headers)
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def answers(port: int, path: str) -> bool:
    """Whether a GET is answered with 200."""
    return request(port, "GET", path)[0] == 200

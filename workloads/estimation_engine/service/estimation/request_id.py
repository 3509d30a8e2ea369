"""The name of a request: the caller's own where it is a plain one, else a new one."""

import re
import uuid
from contextvars import ContextVar

PLAIN = re.compile(r"[A-Za-z0-9._-]{1,64}")
HEADER = b"x-request-id"

request_id: ContextVar[str] = ContextVar("request_id", default="")


def name_request(headers: list[tuple[bytes, bytes]]) -> str:
    """Return the caller's X-Request-ID, or a new one."""
    given = next((value.decode("latin-1") for name, value in headers if name == HEADER), "")
    return given if PLAIN.fullmatch(given) else uuid.uuid4().hex

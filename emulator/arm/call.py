"""One request and its answer, as every part of the emulator sees them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.arm.errors import bad_request


@dataclass(frozen=True)
class Call:
    """A request. host: lower case, no port. path: as sent, percent-decoded. headers: lower-case names."""

    method: str
    host: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    raw_path: str = ""
    raw_query: str = ""

    def json(self) -> dict[str, Any]:
        """The body as an object; an empty body is an empty object. Azure's error when it is something else."""
        if not self.body:
            return {}
        try:
            document = json.loads(self.body)
        except ValueError as error:
            raise bad_request(f"The request content was invalid and could not be deserialized: '{error}'.") from error
        if not isinstance(document, dict):
            raise bad_request("The request content must be a JSON object.")
        return document


@dataclass(frozen=True)
class Answer:
    """A response. A document is sent as JSON; content is sent as it is."""

    status: int = 200
    document: Any = None
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> bytes:
        """The bytes to send."""
        return self.content if self.document is None else json.dumps(self.document).encode()

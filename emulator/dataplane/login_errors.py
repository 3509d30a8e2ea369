"""Entra's refusals: an OAuth error, Entra's own number for it, and words."""

import uuid
from datetime import UTC, datetime
from typing import Any

from emulator.arm.call import Answer

UNCACHED = {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"}


class LoginError(Exception):
    """Answers a request to the identity endpoint. code: of https://login.microsoftonline.com/error, without AADSTS."""

    def __init__(self, status: int, error: str, code: int, text: str) -> None:
        super().__init__(text)
        self.status, self.error, self.code = status, error, code
        self._now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        self._trace = str(uuid.uuid4())

    @property
    def description(self) -> str:
        """In Entra's form."""
        trace = f"Trace ID: {self._trace} Correlation ID: {self._trace} Timestamp: {self._now}"
        return f"AADSTS{self.code}: {self} {trace}"

    def answer(self) -> Answer:
        """As a response of its own."""
        document: dict[str, Any] = {
            "error": self.error,
            "error_description": self.description,
            "error_codes": [self.code],
            "timestamp": self._now,
            "trace_id": self._trace,
            "correlation_id": self._trace,
        }
        return Answer(self.status, document, headers=UNCACHED)


def missing(parameter: str) -> LoginError:
    """A request that lacks something."""
    text = f"The request body must contain the following parameter: '{parameter}'."
    return LoginError(400, "invalid_request", 900144, text)


def unknown_client(client: str, tenant: str) -> LoginError:
    """An application that nobody registered."""
    text = f"Application with identifier '{client}' was not found in the directory '{tenant}'."
    return LoginError(400, "unauthorized_client", 700016, text)


def unknown_user(username: str, tenant: str) -> LoginError:
    """An account that is not there."""
    text = (
        f"The user account {username} does not exist in the {tenant} directory. To sign into this application, the "
        "account must be added to the directory."
    )
    return LoginError(400, "invalid_grant", 50034, text)

"""Azure's many exceptions, told apart in the house's two kinds."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from domain.errors import SignalboxError, Terminal, Transient

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError, HttpResponseError

RETRIED_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
"""HTTP statuses after which the same request may succeed (Azure SDK guidelines, retry policy)."""


@contextmanager
def azure_errors(action: str) -> Iterator[None]:
    """Raise what Azure's SDKs raise inside as `Transient` or `Terminal`.

    action: what was being done, in words that end a sentence: "creating endpoint be-plant001-circuit01".
    """
    from azure.core.exceptions import (
        AzureError,
        ClientAuthenticationError,
        HttpResponseError,
        ServiceRequestError,
        ServiceResponseError,
    )

    try:
        yield
    except SignalboxError:
        raise
    except ClientAuthenticationError as error:
        if (
            isinstance(error.__cause__, ServiceRequestError | ServiceResponseError)
            or error.status_code in RETRIED_STATUSES
        ):
            # azure-identity says of each failure that it is one of authentication, a lost network's too
            raise Transient(
                f"No token could be obtained while {action}: {_first_line(error)}. "
                "On a laptop: is the emulator running (`signalbox up`)?"
            ) from error
        raise Terminal(
            f"Azure rejected our credential while {action}: {_first_line(error)}. Check the credential block."
        ) from error
    except HttpResponseError as error:
        if error.status_code in RETRIED_STATUSES or _is_under_way(error):
            raise Transient(f"Azure answered {error.status_code} while {action}: {_first_line(error)}") from error
        raise Terminal(f"Azure refused while {action}: {_first_line(error)}") from error
    except AzureError as error:
        if _is_of_ml(error):  # no matter of the network
            raise Terminal(f"The Azure ML SDK refused while {action}: {_first_line(error)}") from error
        raise Transient(
            f"Azure could not be reached while {action}: {_first_line(error)}. "
            "On a laptop: is the emulator running (`signalbox up`)?"
        ) from error


def _is_under_way(error: "HttpResponseError") -> bool:
    """Whether an operation on the same resource has not ended, such as the SDK's own attempt whose answer was lost."""
    told = str(error).lower()
    if error.status_code != 409:
        return False
    if "containergrouptransitioning" in told or "retry later" in told:  # of Azure Container Instances
        return True
    return "operation" in told and ("in progress" in told or "pending" in told)


def _is_of_ml(error: "AzureError") -> bool:
    """Whether the Azure ML SDK raised it. Where nobody has loaded it, it did not, and loading it takes seconds."""
    known = getattr(sys.modules.get("azure.ai.ml.exceptions"), "MlException", None)
    return known is not None and isinstance(error, known)


def _first_line(error: BaseException) -> str:
    text = str(getattr(error, "message", "") or error).strip()
    return text.splitlines()[0].rstrip(".") if text else type(error).__name__

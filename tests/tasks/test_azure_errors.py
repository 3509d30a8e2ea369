"""Azure's refusals: what a person must mend, and what time mends."""

import pytest
from azure.core.exceptions import HttpResponseError, ServiceRequestError

from domain.errors import Terminal, Transient
from tasks.azure_errors import azure_errors


def refused(status: int, message: str) -> HttpResponseError:
    error = HttpResponseError(message=message)
    error.status_code = status
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (refused(429, "slow down"), Transient),
        (refused(503, "down"), Transient),
        (ServiceRequestError("no route"), Transient),
        (refused(409, "Another operation is in progress on the resource"), Transient),
        (refused(409, "There is already a pending operation on it"), Transient),
        (refused(409, "(ContainerGroupTransitioning) The container group 'ci-a' is still transitioning."), Transient),
        (refused(409, "The container group 'ci-a' is still transitioning, please retry later."), Transient),
        (refused(400, "please retry later"), Terminal),
        (refused(409, "The model version exists already"), Terminal),
        (refused(400, "an operation in progress cannot be named so"), Terminal),
        (refused(404, "no such endpoint"), Terminal),
    ],
)
def test_refusals_are_told_apart_and_say_what_was_being_done(error: Exception, kind: type[Exception]) -> None:
    with pytest.raises(kind, match="while switching be-a"), azure_errors("switching be-a"):
        raise error

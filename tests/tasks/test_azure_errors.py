"""Azure's refusals: what a person must mend, and what time mends."""

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ServiceRequestError
from azure.identity import ClientSecretCredential

from domain.errors import Terminal, Transient
from tasks.azure_errors import azure_errors


def refused(status: int, message: str, kind: type[HttpResponseError] = HttpResponseError) -> HttpResponseError:
    error = kind(message=message)
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
        (refused(401, "invalid_client", ClientAuthenticationError), Terminal),
        (refused(503, "Entra ID is down", ClientAuthenticationError), Transient),
    ],
)
def test_refusals_are_told_apart_and_say_what_was_being_done(error: Exception, kind: type[Exception]) -> None:
    with pytest.raises(kind, match="while switching be-a"), azure_errors("switching be-a"):
        raise error


def test_a_token_that_nobody_answers_for_is_the_network_s_fault_and_asked_for_again(
    silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{silent_port}")
    credential = ClientSecretCredential("11111111-1111-1111-1111-111111111111", "client", "secret", retry_total=0)
    with pytest.raises(Transient, match=r"No token .* while asking.*is the emulator running"), azure_errors("asking"):
        credential.get_token("https://storage.azure.com/.default")

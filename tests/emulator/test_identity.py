"""Who may ask: tokens and the Entra endpoint, through the real azure-identity."""

import time
from typing import Any

import jwt
import pytest
import requests
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential

from emulator.arm.errors import AzureError
from emulator.identity import access
from emulator.server import Emulator

GROUP = "https://management.azure.com/subscriptions/s/resourceGroups/absent?api-version=2022-09-01"
SCOPE = f"{access.ARM_AUDIENCE}/.default"


def _refused(token: str | None) -> tuple[int, str]:
    headers = {} if token is None else {"Authorization": token}
    answer = requests.get(GROUP, headers=headers, timeout=10)
    return answer.status_code, answer.json()["error"]["code"]


def test_a_real_credential_gets_a_token_that_opens_azure(credential: ClientSecretCredential) -> None:
    token = credential.get_token(SCOPE).token
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["aud"] == access.ARM_AUDIENCE
    assert _refused(f"Bearer {token}") == (404, "ResourceGroupNotFound")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((access.TENANT_ID, access.CLIENT_ID, "wrong"), "AADSTS7000215"),
        ((access.TENANT_ID, "11111111-0000-0000-0000-000000000000", access.CLIENT_SECRET), "AADSTS700016"),
        (("11111111-0000-0000-0000-000000000000", access.CLIENT_ID, access.CLIENT_SECRET), "AADSTS90002"),
    ],
)
def test_a_wrong_secret_client_or_tenant_is_refused_in_the_words_of_entra(
    emulator: Emulator, arguments: tuple[str, str, str], says: str
) -> None:
    with pytest.raises((ClientAuthenticationError, ValueError), match=f"{says}|Unable to get authority") as caught:
        ClientSecretCredential(*arguments).get_token(SCOPE)
    if says != "AADSTS90002":
        assert says in str(caught.value)


def test_a_scope_without_default_and_another_grant_are_refused(emulator: Emulator) -> None:
    url = f"https://login.microsoftonline.com/{access.TENANT_ID}/oauth2/v2.0/token"
    form = {"client_id": access.CLIENT_ID, "client_secret": access.CLIENT_SECRET, "scope": "https://x/y"}
    answer = requests.post(url, {**form, "grant_type": "client_credentials"}, timeout=10)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
    answer = requests.post(url, {**form, "grant_type": "refresh_token"}, timeout=10)
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


def test_a_request_without_a_token_is_refused(emulator: Emulator) -> None:
    assert _refused(None) == (401, "AuthenticationFailed")
    assert _refused("Basic abc") == (401, "AuthenticationFailedInvalidHeader")
    assert _refused("Bearer abc") == (401, "InvalidAuthenticationToken")


def test_a_token_for_another_audience_is_refused(credential: ClientSecretCredential) -> None:
    token = credential.get_token("https://storage.azure.com/.default").token
    assert _refused(f"Bearer {token}") == (401, "InvalidAuthenticationTokenAudience")


def test_a_token_signed_by_another_key_or_by_none_is_refused(credential: ClientSecretCredential) -> None:
    token = credential.get_token(SCOPE).token
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    kid = jwt.get_unverified_header(token)["kid"]
    unsigned = jwt.encode(claims, key="", algorithm="none", headers={"kid": kid})
    shared = jwt.encode(claims, key="k" * 32, algorithm="HS256", headers={"kid": kid})
    head, body, signature = token.split(".")
    turned = ("B" if signature[0] != "B" else "C") + signature[1:]
    for forged in (unsigned, shared, f"{head}.{body}.{turned}"):
        assert _refused(f"Bearer {forged}") == (401, "InvalidAuthenticationToken")


def test_a_token_expires_though_it_was_accepted_before(emulator: Emulator) -> None:
    headers = {"authorization": f"Bearer {access.issue_token(access.ARM_AUDIENCE, lifetime=1)}"}
    access.check_token(headers, access.ARM_AUDIENCE + "/")
    time.sleep(1.1)
    with pytest.raises(AzureError, match="The access token expiry UTC time"):
        access.check_token(headers, access.ARM_AUDIENCE)


def test_a_checked_token_costs_microseconds(emulator: Emulator) -> None:
    headers = {"authorization": f"Bearer {access.issue_token(access.ARM_AUDIENCE)}"}
    access.check_token(headers, access.ARM_AUDIENCE)
    started = time.perf_counter()
    for _ in range(1000):
        access.check_token(headers, access.ARM_AUDIENCE)
    assert (time.perf_counter() - started) / 1000 < 100e-6


def test_published_keys_verify_tokens(credential: ClientSecretCredential) -> None:
    base = f"https://login.microsoftonline.com/{access.TENANT_ID}"
    configuration = requests.get(f"{base}/v2.0/.well-known/openid-configuration", timeout=10).json()
    token = credential.get_token(SCOPE).token
    keys = jwt.PyJWKSet.from_dict(requests.get(configuration["jwks_uri"], timeout=10).json())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    assert jwt.decode(token, key.key, ["RS256"], audience=access.ARM_AUDIENCE)["tid"] == access.TENANT_ID

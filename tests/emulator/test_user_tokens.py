"""People sign in through the unmodified msal, and what their tokens say."""

import threading
import time
import uuid
import warnings
import webbrowser
from queue import Queue
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
import msal
import pytest
import requests
from playwright.sync_api import ProxySettings, sync_playwright

from emulator.control_client import Control
from emulator.identity import access
from emulator.server import Emulator

AUTHORITY = f"https://login.microsoftonline.com/{access.TENANT_ID}"
REDIRECT = "http://localhost:5000/signed-in"
PASSWORD = "correct horse"
GROUPS = ["aaaaaaaa-0000-0000-0000-000000000001", "aaaaaaaa-0000-0000-0000-000000000002"]
ARM = f"{access.ARM_AUDIENCE}/.default"
PATIENCE = 120.0
"""Seconds for each step of a browser."""


@pytest.fixture
def ada(control: Control) -> dict[str, Any]:
    return control.add_user("ada@contoso.example", "Ada Lovelace", GROUPS, PASSWORD)


@pytest.fixture
def application(emulator: Emulator) -> msal.PublicClientApplication:
    return msal.PublicClientApplication(access.CLIENT_ID, authority=AUTHORITY)


def _by_password(application: msal.ClientApplication, scopes: list[str]) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # msal warns of passwords, and is right
        result: dict[str, Any] = application.acquire_token_by_username_password("ada@contoso.example", PASSWORD, scopes)
    assert "access_token" in result, result
    return result


def _visited(uri: str) -> dict[str, str]:
    answer = requests.get(uri, allow_redirects=False, timeout=10)
    assert (answer.status_code, answer.headers["Location"].startswith(REDIRECT + "?")) == (302, True), answer.text
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def _verified(token: str) -> dict[str, Any]:
    """Claims of a token that any client could check from the tenant's published configuration alone."""
    configuration = requests.get(f"{AUTHORITY}/v2.0/.well-known/openid-configuration", timeout=10).json()
    keys = jwt.PyJWKSet.from_dict(requests.get(configuration["jwks_uri"], timeout=10).json())
    key = keys[jwt.get_unverified_header(token)["kid"]].key
    required = ["iat", "nbf", "exp", "oid", "tid", "uti", "sub"]
    claims: dict[str, Any] = jwt.decode(
        token,
        key,
        ["RS256"],
        audience=access.CLIENT_ID,
        issuer=configuration["issuer"],
        options={"require": required},
    )
    return claims


def test_msal_signs_in_by_password(ada: dict[str, Any], application: msal.PublicClientApplication) -> None:
    before = int(time.time())
    result = _by_password(application, [ARM])
    claims = _verified(result["id_token"])
    assert {name: claims[name] for name in ("name", "oid", "preferred_username", "groups", "tid", "ver", "iss")} == {
        "name": "Ada Lovelace",
        "oid": ada["oid"],
        "preferred_username": "ada@contoso.example",
        "groups": GROUPS,
        "tid": access.TENANT_ID,
        "ver": "2.0",
        "iss": f"{AUTHORITY}/v2.0",
    }
    assert before <= claims["auth_time"] <= time.time()
    assert (claims["iat"] - claims["nbf"], claims["exp"] - claims["iat"]) == (0, 3900)
    assert "nonce" not in claims
    assert [account["username"] for account in application.get_accounts()] == ["ada@contoso.example"]


@pytest.mark.filterwarnings("ignore:response_mode=:UserWarning")  # msal would rather see a form posted
@pytest.mark.parametrize("secret", [None, access.CLIENT_SECRET], ids=["public", "confidential"])
def test_msal_signs_in_by_code_and_finds_its_nonce(ada: dict[str, Any], secret: str | None) -> None:
    if secret is None:
        application: Any = msal.PublicClientApplication(access.CLIENT_ID, authority=AUTHORITY)
    else:
        application = msal.ConfidentialClientApplication(access.CLIENT_ID, secret, authority=AUTHORITY)
    flow = application.initiate_auth_code_flow(
        [ARM], redirect_uri=REDIRECT, login_hint="ADA@contoso.example", max_age=60
    )
    assert "code_challenge_method=S256" in flow["auth_uri"]
    result = application.acquire_token_by_auth_code_flow(flow, _visited(flow["auth_uri"]))
    claims = _verified(result["id_token"])
    assert (claims["oid"], len(claims["nonce"])) == (ada["oid"], 64)
    answer = requests.get(
        f"{access.ARM_AUDIENCE}/subscriptions/s/resourceGroups/absent?api-version=2022-09-01",
        headers={"Authorization": f"Bearer {result['access_token']}"},
        timeout=10,
    )
    assert answer.json()["error"]["code"] == "ResourceGroupNotFound"


def test_a_nonce_of_ones_own_is_in_the_id_token(ada: dict[str, Any], application: msal.PublicClientApplication) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # msal's newer way chooses the nonce by itself
        uri = application.get_authorization_request_url(
            ["User.Read"], login_hint="ada@contoso.example", redirect_uri=REDIRECT, nonce="sha256-0123456789abcdef"
        )
        code = _visited(uri)["code"]
        result = application.acquire_token_by_authorization_code(
            code, ["User.Read"], redirect_uri=REDIRECT, nonce="sha256-0123456789abcdef"
        )
    assert _verified(result["id_token"])["nonce"] == "sha256-0123456789abcdef"


def test_msal_signs_in_through_a_real_browser(
    ada: dict[str, Any], application: msal.PublicClientApplication, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: Queue[str] = Queue()
    open_now = threading.Event()

    def browse() -> None:
        proxy: ProxySettings = {"server": emulator.url, "bypass": "localhost"}
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(
                executable_path="/usr/bin/chromium", proxy=proxy, timeout=PATIENCE * 1000
            )
            open_now.set()
            page = chromium.new_page(ignore_https_errors=True)
            page.set_default_timeout(PATIENCE * 1000)
            page.goto(asked.get(timeout=PATIENCE))
            page.wait_for_url("http://localhost:*/**")
            chromium.close()

    def open_browser(uri: str) -> bool:
        asked.put(uri)
        return True

    browser = threading.Thread(target=browse)
    browser.start()
    assert open_now.wait(PATIENCE)  # a busy machine may take longer for it than msal waits for a person
    monkeypatch.setattr(webbrowser, "open", open_browser)
    result = application.acquire_token_interactive(["User.Read"], login_hint="ada@contoso.example", timeout=PATIENCE)
    browser.join(timeout=PATIENCE)
    assert _verified(result["id_token"])["oid"] == ada["oid"]


def test_of_more_than_200_groups_the_token_names_none(
    control: Control, ada: dict[str, Any], application: msal.PublicClientApplication
) -> None:
    many = [str(uuid.UUID(int=number)) for number in range(201)]
    for groups in (many[:200], many, []):
        control.add_user("ada@contoso.example", "Ada Lovelace", groups, PASSWORD)
        claims = _by_password(application, ["User.Read"])["id_token_claims"]
        assert claims.get("groups") == (groups if len(groups) == 200 else None)
        assert ("_claim_sources" in claims) == (len(groups) > 200)


def test_tokens_signed_before_a_rotation_still_hold(
    control: Control, ada: dict[str, Any], application: msal.PublicClientApplication
) -> None:
    old = _by_password(application, ["User.Read"])["id_token"]
    kid = control.rotate_token_key()
    new = _by_password(application, ["User.Read"])["id_token"]
    assert jwt.get_unverified_header(new)["kid"] == kid != jwt.get_unverified_header(old)["kid"]
    assert _verified(old)["oid"] == _verified(new)["oid"] == ada["oid"]

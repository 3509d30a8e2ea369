"""Who does not get a token of a person, and where no code is sent."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
import pytest
import requests

from emulator.behaviours import open_world
from emulator.control_client import Control
from emulator.dataplane.login_errors import LoginError
from emulator.dataplane.login_token import token
from emulator.identity import access
from emulator.identity.sign_ins import CODE_SECONDS, SignIn
from emulator.identity.users import User

BASE = f"https://login.microsoftonline.com/{access.TENANT_ID}/oauth2/v2.0"
REDIRECT = "http://127.0.0.1:5000/"
VERIFIER = "verifier-of-at-least-forty-three-characters-in-length"
CHALLENGE = "10xXpLEFoQgZ4rpbKjYsm15ab5WYtukzg50RcPzjKX8"
"""S256 of it."""
PASSWORD_FORM = {
    "grant_type": "password",
    "client_id": access.CLIENT_ID,
    "username": "bob@contoso.example",
    "password": "right",
    "scope": "openid",
}
QUERY = {
    "client_id": access.CLIENT_ID,
    "response_type": "code",
    "redirect_uri": REDIRECT,
    "scope": "openid profile",
    "state": "a&b",
    "login_hint": "bob@contoso.example",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


@pytest.fixture(autouse=True)
def people(control: Control) -> Iterator[None]:
    control.add_user("bob@contoso.example", "Bob", password="right")
    control.add_user("eve@contoso.example", "Eve")
    yield
    assert "right" not in repr(control.journal())


def _asked(**changed: str) -> tuple[int, dict[str, Any]]:
    answer = requests.post(f"{BASE}/token", changed, timeout=10)
    assert answer.headers["Cache-Control"] == "no-store, no-cache"
    return answer.status_code, answer.json()


def _sent_to(**changed: str) -> requests.Response:
    query = {name: value for name, value in {**QUERY, **changed}.items() if value}
    return requests.get(f"{BASE}/authorize", query, allow_redirects=False, timeout=10)


def _back(**changed: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(_sent_to(**changed).headers["Location"]).query))


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"password": "wrong"}, 50126),
        ({"username": "eve@contoso.example", "password": "right"}, 50126),
        ({"username": "nobody@contoso.example"}, 50034),
        ({"client_id": "11111111-0000-0000-0000-000000000000"}, 700016),
        ({"client_secret": "wrong"}, 7000215),
        ({"client_id": access.AZURE_CLI_ID, "client_secret": access.CLIENT_SECRET}, 700025),
        ({"scope": "https://management.azure.com/.default https://storage.azure.com/.default"}, 28000),
        ({"password": ""}, 900144),
        ({"grant_type": "authorization_code"}, 900144),
        ({"grant_type": "authorization_code", "code": "invented"}, 70000),
    ],
)
def test_no_token_without_the_right_password(changed: dict[str, str], code: int) -> None:
    status, document = _asked(**{**PASSWORD_FORM, **changed})
    assert (status in (400, 401), document["error_codes"]) == (True, [code])
    assert document["error_description"].startswith(f"AADSTS{code}: ")
    assert not {"access_token", "id_token"} & document.keys()


def test_a_code_is_good_once_and_for_who_asked_for_it() -> None:
    back = _back()
    assert back["state"] == "a&b"
    form = {
        "grant_type": "authorization_code",
        "client_id": access.CLIENT_ID,
        "redirect_uri": REDIRECT,
        "code": back["code"],
        "code_verifier": VERIFIER,
    }
    for changed, code in (
        ({"code_verifier": VERIFIER + "x"}, 501481),
        ({"code_verifier": ""}, 501481),
        ({"client_id": access.AZURE_CLI_ID}, 70000),
        ({"redirect_uri": "http://127.0.0.1:5001/"}, 500112),
    ):
        assert _asked(**{**form, **changed})[1]["error_codes"] == [code]
    assert _asked(**form)[0] == 200
    assert _asked(**form)[1]["error_codes"] == [54005]


def test_a_code_asked_for_without_a_challenge_takes_no_verifier() -> None:
    code = _back(code_challenge="", code_challenge_method="")["code"]
    form = {"grant_type": "authorization_code", "client_id": access.CLIENT_ID, "redirect_uri": REDIRECT, "code": code}
    assert _asked(**form, code_verifier=VERIFIER)[1]["error_codes"] == [501481]
    assert _asked(**form)[0] == 200


@pytest.mark.parametrize(("age", "code"), [(CODE_SECONDS - 60, None), (CODE_SECONDS + 1, 70008)])
def test_a_code_ages(tmp_path: Path, age: float, code: int | None) -> None:
    world = open_world(tmp_path)
    world.users.add(User(username="bob@contoso.example", name="Bob"))
    signed_in = time.time() - age
    sign_in = SignIn("bob@contoso.example", access.CLIENT_ID, REDIRECT, ("openid",), "", "", "plain", signed_in)
    form = {"grant_type": "authorization_code", "client_id": access.CLIENT_ID, "redirect_uri": REDIRECT}
    form["code"] = world.sign_ins.add(sign_in)
    if code is None:
        id_token = token(world, access.TENANT_ID, form).document["id_token"]
        claims = jwt.decode(id_token, options={"verify_signature": False})
        assert (claims["auth_time"], "oid" in claims) == (int(signed_in), False)  # no scope `profile`, no person
    else:
        with pytest.raises(LoginError, match="has expired") as caught:
            token(world, access.TENANT_ID, form)
        assert caught.value.code == code
    world.close()


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/",
        "http://localhost@evil.example/",
        "http://localhost.evil.example/",
        "http://localhost:port/",
        "https://localhost/",
        "http://localhost/#fragment",
        "http://localhost/\r\nSet-Cookie: a=b",
        "",
    ],
)
def test_codes_go_to_this_machine_only(uri: str) -> None:
    answer = _sent_to(redirect_uri=uri)
    assert (answer.status_code, answer.json()["error_codes"]) == (400, [50011])
    assert "Location" not in answer.headers


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"login_hint": ""}, 50058),
        ({"login_hint": "nobody@contoso.example"}, 50034),
        ({"response_type": "id_token"}, 700054),
        ({"scope": ""}, 900144),
        ({"code_challenge_method": "none"}, 50149),
        ({"code_challenge": "short"}, 501491),
    ],
)
def test_an_application_is_told_why_nobody_signed_in(changed: dict[str, str], code: int) -> None:
    back = _back(**changed)
    assert (back["error_description"].split(":")[0], back["state"]) == (f"AADSTS{code}", "a&b")
    assert "code" not in back


def test_a_page_that_posts_a_form_is_escaped() -> None:
    answer = _sent_to(response_mode="form_post", state='"><script>alert(1)</script>')
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "<script>alert" not in answer.text and "&lt;script&gt;alert" in answer.text
    assert _sent_to(response_mode="fragment").headers["Location"].startswith(REDIRECT + "#code=")
    assert _sent_to(response_mode="web_message").json()["error_codes"] == [90023]


def test_an_id_token_opens_nothing() -> None:
    id_token = _asked(**PASSWORD_FORM)[1]["id_token"]
    url = f"{access.ARM_AUDIENCE}/subscriptions/s/resourceGroups/absent?api-version=2022-09-01"
    answer = requests.get(url, headers={"Authorization": f"Bearer {id_token}"}, timeout=10)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")


def test_after_a_reset_nobody_is_known(tmp_path: Path) -> None:
    world = open_world(tmp_path)
    world.users.add(User(username="bob@contoso.example", name="Bob"))
    world.reset()
    assert world.users.find("bob@contoso.example") is None
    world.close()

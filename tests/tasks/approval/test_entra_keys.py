"""A tenant's signing keys: fetched from the emulator, and refused from anything that is no tenant's."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import certifi
import jwt
import pytest
from prefect import flow

from domain.errors import Terminal, Transient
from emulator.control_client import Control
from emulator.identity.access import TENANT_ID
from emulator.server import Emulator
from tasks.approval import entra_keys as module
from tasks.approval.entra_keys import ISSUER, MAX_BYTES, tenant_keys

KEY = {"kty": "RSA", "use": "sig", "kid": "one", "n": "sXch", "e": "AQAB"}
OTHER = "11111111-0000-0000-0000-000000000000"
Publish = Callable[..., None]


@pytest.fixture
def control(own_azure: Emulator) -> Iterator[Control]:
    yield own_azure.control
    own_azure.control.clear_faults()


@pytest.fixture
def publish(monkeypatch: pytest.MonkeyPatch) -> Iterator[Publish]:
    """`publish(document)`: a server that stands where the tenant's should be answers so."""
    answer: dict[str, Any] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(answer["status"])
            self.send_header("Content-Length", str(len(answer["body"])))
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(answer["body"])

        def log_message(self, format: str, *arguments: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        monkeypatch.setattr(module, "AUTHORITY", f"http://127.0.0.1:{server.server_port}")

        def say(body: Any, status: int = 200) -> None:
            answer.update(body=body if isinstance(body, bytes) else json.dumps(body).encode(), status=status)

        yield say
        server.shutdown()


def test_the_keys_that_sign_and_signed_come_back_through_a_flow_that_was_throttled(control: Control) -> None:
    kid = control.rotate_token_key()
    control.add_fault("throttle", path="/discovery/v2.0/keys")
    keys = flow(name="fetch keys")(lambda: tenant_keys(TENANT_ID.upper()))()
    assert list(keys)[-1] == kid and len(keys) >= 2
    assert all(set(key) == {"kty", "use", "kid", "n", "e"} and key["kid"] == name for name, key in keys.items())
    assert jwt.PyJWK(keys[kid], algorithm="RS256").key.key_size == 2048


@pytest.mark.parametrize("kind", ["server_error", "reset", "throttle"])
def test_what_time_may_mend_is_transient(control: Control, kind: Any) -> None:
    control.add_fault(kind, path="/discovery/v2.0/keys")
    with pytest.raises(Transient, match=r"login\.microsoftonline\.com/.*/keys"):
        tenant_keys.fn(TENANT_ID)
    assert tenant_keys.fn(TENANT_ID)


def test_nobody_answering_is_transient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AUTHORITY", "http://127.0.0.1:9")
    with pytest.raises(Transient, match="could not be reached"):
        tenant_keys.fn(TENANT_ID)


def test_a_server_that_is_too_slow_is_transient(publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    publish({"keys": [KEY]})
    monkeypatch.setattr(module, "TOTAL_SECONDS", 0.0)
    with pytest.raises(Transient, match="did not answer in full"):
        tenant_keys.fn(TENANT_ID)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(module, "AUTHORITY", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setattr(module, "STEP_SECONDS", 0.1)
        with pytest.raises(Transient, match="could not be reached: timed out"):
            tenant_keys.fn(TENANT_ID)


@pytest.mark.parametrize("tenant", ["common", "", f"{TENANT_ID}/../x", f"{TENANT_ID}\n", "contoso.example"])
def test_what_is_no_tenant_id_is_refused_before_anything_is_asked(tenant: str) -> None:
    with pytest.raises(Terminal, match="is not a tenant id"):
        tenant_keys.fn(tenant)


def test_another_tenant_is_named(own_azure: Emulator) -> None:
    with pytest.raises(Terminal, match=f"Entra knows no tenant {OTHER}"):
        tenant_keys.fn(OTHER)


def test_a_server_without_a_trusted_certificate_is_refused(
    own_azure: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certifi.where())
    with pytest.raises(Terminal, match="is not trusted"):
        tenant_keys.fn(TENANT_ID)


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_the_emulators_authority_is_trusted_by_either_variable(
    own_azure: Emulator, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    bundle = own_azure.environment()["REQUESTS_CA_BUNDLE"]
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    monkeypatch.setenv(name, bundle)
    assert tenant_keys.fn(TENANT_ID)


def test_settings_that_cannot_be_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "absent.pem"))
    with pytest.raises(Terminal, match=r"absent\.pem.* cannot be read"):
        tenant_keys.fn(TENANT_ID)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path))  # a folder of authorities, of which it has none
    monkeypatch.setenv("https_proxy", "nonsense://127.0.0.1:1")
    with pytest.raises(Terminal, match="could not be read"):
        tenant_keys.fn(TENANT_ID)


def test_only_rsa_keys_that_sign_this_tenants_tokens_are_kept(publish: Publish) -> None:
    kept = [
        {**KEY, "x5c": ["MII"], "x5t": "one", "issuer": ISSUER},
        {**KEY, "kid": "two", "issuer": ISSUER.replace("{tenantid}", TENANT_ID)},
    ]
    dropped = [
        {**KEY, "kid": "three", "issuer": ISSUER.replace("{tenantid}", OTHER)},
        {**KEY, "kid": "four", "use": "enc"},
        {**KEY, "kid": "five", "kty": "oct", "k": "c2VjcmV0"},
        {**KEY, "kid": 6},
        {**KEY, "kid": ""},
        {name: value for name, value in KEY.items() if name != "kid"},
        {name: value for name, value in KEY.items() if name != "n"},
    ]
    publish({"keys": kept + dropped})
    assert tenant_keys.fn(TENANT_ID) == {"one": KEY, "two": {**KEY, "kid": "two"}}
    publish({"keys": dropped})
    with pytest.raises(Terminal, match="publishes no RSA signing key"):
        tenant_keys.fn(TENANT_ID)


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"<html>Sign in to the guest network</html>", 200, "not a set of keys"),
        (b"[" * 100_000, 200, "not a set of keys"),
        ([KEY], 200, "not a set of keys"),
        ({"keys": None}, 200, "not a set of keys"),
        ({"keys": ["one"]}, 200, "not a set of keys"),
        ({"keys": [{**KEY, "issuer": 1}]}, 200, "not a set of keys"),
        ({"keys": [KEY], "more": "x" * MAX_BYTES}, 200, "more than 1048576 bytes"),
        ({"keys": [KEY]}, 302, "answered 302, not with keys"),
        ({"keys": [KEY]}, 403, "answered 403, not with keys"),
        ({"keys": [KEY]}, 204, "answered 204, not with keys"),
    ],
)
def test_an_answer_that_is_no_tenants_is_refused(publish: Publish, body: Any, status: int, says: str) -> None:
    publish(body, status)
    with pytest.raises(Terminal, match=says):
        tenant_keys.fn(TENANT_ID)

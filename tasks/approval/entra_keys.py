"""The keys with which a tenant of Entra ID signs its tokens, as it publishes them.

They change without notice, so they are asked for when they are needed:
https://learn.microsoft.com/entra/identity-platform/signing-key-rollover
"""

import json
import os
import re
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from prefect import task

from domain.errors import Terminal, Transient
from tasks.azure_errors import RETRIED_STATUSES
from tasks.retries import RETRIED

AUTHORITY = "https://login.microsoftonline.com"
ISSUER = AUTHORITY + "/{tenantid}/v2.0"
"""Of the tokens that a key signs."""
MAX_BYTES = 1024 * 1024
"""Entra publishes some ten keys, of 2 KiB each with their certificates."""
STEP_SECONDS = 10.0
"""For connecting, and for each read."""
TOTAL_SECONDS = 30.0
KEPT_MEMBERS = ("kty", "use", "kid", "n", "e")
"""What makes the key; certificates (`x5c`) are renewed while it stays the same."""

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@task(name="tenant keys", **RETRIED)
def tenant_keys(tenant_id: str) -> dict[str, dict[str, str]]:
    """The RSA signing keys of a tenant: key id → key (RFC 7517; `kty`, `use`, `kid`, `n`, `e`).

    Terminal when the tenant's id is no GUID, no such tenant is there, or it publishes no such key.
    """
    if not _GUID.fullmatch(tenant_id):
        raise Terminal(
            f"{tenant_id[:80]!r} is not a tenant id, so its keys were not fetched. Enter the tenant's GUID in the block "
            "(`az account show --query tenantId`)."
        )
    tenant = tenant_id.lower()
    url = f"{AUTHORITY}/{tenant}/discovery/v2.0/keys"
    with _network_errors(url):
        content = _fetched(url, tenant)
    keys = _signing_keys(content, url, tenant)
    if not keys:
        raise Terminal(f"{url} publishes no RSA signing key, so no token of tenant {tenant} can be checked.")
    return keys


def _fetched(url: str, tenant: str) -> bytes:
    deadline = time.monotonic() + TOTAL_SECONDS
    with (
        httpx.Client(verify=_trusted(), timeout=STEP_SECONDS, headers={"Accept-Encoding": "identity"}) as client,
        client.stream("GET", url) as answer,
    ):
        if answer.status_code in RETRIED_STATUSES:
            raise Transient(f"{url} answered {answer.status_code}.")
        if answer.status_code in (400, 404):
            raise Terminal(
                f"Entra knows no tenant {tenant} ({answer.status_code} from {url}). Check the id in the block."
            )
        if answer.status_code != httpx.codes.OK:
            raise Terminal(f"{url} answered {answer.status_code}, not with keys. Is there a proxy in between?")
        content = b""
        for chunk in answer.iter_bytes():
            content += chunk
            if len(content) > MAX_BYTES:
                raise Terminal(f"{url} answered with more than {MAX_BYTES} bytes. Is there a proxy in between?")
            if time.monotonic() > deadline:
                raise Transient(f"{url} did not answer in full within {TOTAL_SECONDS:.0f} s.")
        return content


def _signing_keys(content: bytes, url: str, tenant: str) -> dict[str, dict[str, str]]:
    try:
        published = json.loads(content)["keys"]
        return {key["kid"]: {name: key[name] for name in KEPT_MEMBERS} for key in published if _signs(key, tenant)}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Terminal(
            f"{url} answered with something that is not a set of keys. Is there a proxy in between?"
        ) from error


def _signs(key: dict[str, Any], tenant: str) -> bool:
    """Whether it is an RSA key that signs this tenant's tokens. A key may name an issuer, with a gap for the tenant."""
    members = [key.get(name) for name in KEPT_MEMBERS]
    issuer = key.get("issuer", ISSUER).replace("{tenantid}", tenant)
    return (
        members[:2] == ["RSA", "sig"]
        and all(isinstance(member, str) and member for member in members)
        and issuer == ISSUER.replace("{tenantid}", tenant)
    )


def _trusted() -> ssl.SSLContext:
    """The authorities in REQUESTS_CA_BUNDLE, which Azure's SDKs heed, too; else what httpx trusts (SSL_CERT_FILE)."""
    bundle = os.environ.get("REQUESTS_CA_BUNDLE")
    try:
        if not bundle:
            return httpx.create_ssl_context()
        if Path(bundle).is_dir():
            return ssl.create_default_context(capath=bundle)
        return ssl.create_default_context(cafile=bundle)
    except OSError as error:
        raise Terminal(
            f"The certificates that REQUESTS_CA_BUNDLE ({bundle}) or SSL_CERT_FILE names cannot be read: {error}."
        ) from error


@contextmanager
def _network_errors(url: str) -> Iterator[None]:
    try:
        yield
    except httpx.TransportError as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise Terminal(
                f"The certificate of {url} is not trusted: {error}. Name the authority that signed it in REQUESTS_CA_BUNDLE."
            ) from error
        raise Transient(
            f"{url} could not be reached: {error or type(error).__name__}. "
            "On a laptop: is the emulator running (`signalbox up`)?"
        ) from error
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:  # the latter two: of what HTTPS_PROXY says
        raise Terminal(f"{url} could not be read: {error}.") from error

"""Keys of storage accounts, and what is signed with them: shared keys and shared access signatures.

Sources: "Authorize with Shared Key" and "Create a service SAS" in Azure Storage's REST reference.
"""

import base64
import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote

from emulator.arm.call import Call
from emulator.arm.errors import AzureError

SAS_VERSION = "2021-08-06"


class StorageKeys:
    """One key an account, derived from a secret that is kept with the emulator's state."""

    def __init__(self, state: Path) -> None:
        file = state / "storage.secret"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_bytes(secrets.token_bytes(32))
        self._secret = file.read_bytes()

    def key(self, account: str) -> str:
        """The account's key, base64."""
        return base64.b64encode(hmac.digest(self._secret, account.encode(), "sha512")).decode()

    def sign(self, account: str, text: str) -> str:
        """HMAC-SHA256 with the account's key, base64."""
        key = base64.b64decode(self.key(account))
        return base64.b64encode(hmac.digest(key, text.encode(), hashlib.sha256)).decode()

    def container_sas(self, account: str, container: str, permissions: str = "racwdl", hours: float = 24) -> str:
        """A query string that opens one container for a while."""
        expiry = (datetime.now(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
        query = {"sv": SAS_VERSION, "se": expiry, "sr": "c", "sp": permissions}
        signature = self.sign(account, _service_sas_text(query, f"/blob/{account}/{container}"))
        return "&".join(f"{name}={quote(value, safe='')}" for name, value in {**query, "sig": signature}.items())

    def check_shared_key(self, account: str, call: Call) -> None:
        """AzureError unless the Authorization header was made with the account's key."""
        scheme, _, credential = call.headers["authorization"].partition(" ")
        name, _, signature = credential.partition(":")
        if scheme != "SharedKey" or name != account:
            raise refused("The account in the Authorization header is not the account that is asked.")
        if not hmac.compare_digest(signature, self.sign(account, _shared_key_text(account, call))):
            raise refused("The MAC signature found in the HTTP request is not the same as any computed signature.")

    def check_sas(self, account: str, container: str, name: str, call: Call, needed: str) -> None:
        """AzureError unless the query's signature opens this resource now for one of the needed permissions.

        needed: letters of which one must be in `sp`, such as "r", or "cw" for creating or writing.
        """
        query = dict(parse_qsl(call.raw_query, keep_blank_values=True))
        if query.get("ss"):
            text = _account_sas_text(account, query)
            covers = "b" in query["ss"]
        else:
            resource = query.get("sr", "")
            path = f"/blob/{account}/{container}" + (f"/{name}" if resource == "b" else "")
            text = _service_sas_text(query, path)
            covers = resource == "c" or (resource == "b" and bool(name))
        if not covers or not hmac.compare_digest(query.get("sig", ""), self.sign(account, text)):
            raise refused("Signature did not match. The string to sign was built from the request.")
        _check_period(query)
        if not set(needed) & set(query.get("sp", "")):
            raise AzureError(
                403,
                "AuthorizationPermissionMismatch",
                "This request is not authorized to perform this operation using this permission.",
            )


def refused(reason: str) -> AzureError:
    """Azure's 403 for a signature that does not hold."""
    return AzureError(
        403,
        "AuthenticationFailed",
        "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly "
        f"including the signature. {reason}",
    )


def _check_period(query: dict[str, str]) -> None:
    now = datetime.now(UTC)
    try:
        start = _time(query["st"]) if query.get("st") else now
        expiry = _time(query["se"])
    except (KeyError, ValueError) as error:
        raise refused("Signature's period is not well formed.") from error
    if not start <= now < expiry:
        raise refused(
            f"Signature not valid in the specified time frame: Start [{start}] - Expiry [{expiry}] - Current [{now}]"
        )


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _service_sas_text(query: dict[str, str], resource: str) -> str:
    first = [query.get("sp", ""), query.get("st", ""), query.get("se", ""), resource, query.get("si", "")]
    middle = [
        query.get("sip", ""),
        query.get("spr", ""),
        query.get("sv", ""),
        query.get("sr", ""),
        query.get("snapshot", ""),
    ]
    scope = [query.get("ses", "")] if query.get("sv", "") >= "2020-12-06" else []
    last = [query.get(name, "") for name in ("rscc", "rscd", "rsce", "rscl", "rsct")]
    return "\n".join(first + middle + scope + last)


def _account_sas_text(account: str, query: dict[str, str]) -> str:
    parts = [account, *(query.get(name, "") for name in ("sp", "ss", "srt", "st", "se", "sip", "spr", "sv"))]
    if query.get("sv", "") >= "2020-12-06":
        parts.append(query.get("ses", ""))
    return "\n".join(parts) + "\n"


def _shared_key_text(account: str, call: Call) -> str:
    headers = call.headers
    length = headers.get("content-length", "")
    standard = [
        call.method,
        headers.get("content-encoding", ""),
        headers.get("content-language", ""),
        "" if length == "0" else length,
        headers.get("content-md5", ""),
        headers.get("content-type", ""),
        "" if "x-ms-date" in headers else headers.get("date", ""),
        headers.get("if-modified-since", ""),
        headers.get("if-match", ""),
        headers.get("if-none-match", ""),
        headers.get("if-unmodified-since", ""),
        headers.get("range", ""),
    ]
    own = [f"{name}:{headers[name].strip()}" for name in sorted(headers) if name.startswith("x-ms-")]
    resource = f"/{account}{call.raw_path}"
    values: dict[str, list[str]] = {}
    for pair in call.raw_query.split("&") if call.raw_query else []:
        key, _, value = pair.partition("=")
        values.setdefault(unquote(key).lower(), []).append(unquote(value))
    query = [f"{name}:{','.join(sorted(values[name]))}" for name in sorted(values)]
    return "\n".join([*standard, *own, resource, *query])

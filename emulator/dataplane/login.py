"""login.microsoftonline.com: what azure-identity (msal) asks for, for the client-credentials grant."""

import json
import re
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from emulator import identity, token_keys
from emulator.call import Answer, Call
from emulator.dataplane import service

if TYPE_CHECKING:
    from emulator.world import World

HOST = "login.microsoftonline.com"
BASE = f"https://{HOST}"
_PATH = re.compile(
    r"/(?P<tenant>[^/]+)/(?P<what>(v2\.0/)?\.well-known/openid-configuration|oauth2/v2\.0/token|discovery/(v2\.0/)?(keys|instance))"
)


@service(re.escape(HOST), "/", audience=None)
def login(world: "World", call: Call) -> Answer:
    """Answer one request for configuration, keys or a token."""
    match = _PATH.fullmatch(call.path)
    if match is None:
        return _refused(404, "invalid_request", 900561, f"The endpoint {call.path} is not served by the emulator.")
    tenant, what = match["tenant"], match["what"]
    if what.endswith("instance"):
        return Answer(document=_instance(call.query.get("authorization_endpoint", "")))
    if tenant not in (identity.TENANT_ID, "common", "organizations"):
        return _refused(
            400,
            "invalid_request",
            90002,
            f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the "
            "correct cloud.",
        )
    if what.endswith("openid-configuration"):
        return Answer(document=_configuration(tenant))
    if what.endswith("keys"):
        return Answer(document=token_keys.published(identity.ISSUER))
    if call.method != "POST":
        return _refused(405, "invalid_request", 900561, "The endpoint only accepts POST requests.")
    return _token(tenant, dict(parse_qsl(call.body.decode("utf-8", "replace"))))


def _token(tenant: str, form: dict[str, str]) -> Answer:
    grant, client, scope = form.get("grant_type", ""), form.get("client_id", ""), form.get("scope", "")
    if grant != "client_credentials":
        return _refused(400, "unsupported_grant_type", 70003, f"The app requested an unsupported grant type '{grant}'.")
    if client != identity.CLIENT_ID:
        text = f"Application with identifier '{client}' was not found in the directory '{tenant}'."
        return _refused(400, "unauthorized_client", 700016, text)
    if not identity.secret_is_right(form.get("client_secret", "")):
        text = (
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
            f"not the client secret ID, for a secret added to app '{client}'."
        )
        return _refused(401, "invalid_client", 7000215, text)
    resources = [one.removesuffix("/.default") for one in scope.split() if one.endswith("/.default")]
    if len(resources) != 1:
        text = (
            f"The provided value for scope {scope} is not valid. Client credential flows must have a scope value with "
            "/.default suffixed to the resource identifier (application ID URI)."
        )
        return _refused(400, "invalid_scope", 1002012, text)
    seconds = identity.LIFETIME_SECONDS
    document = {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds}
    return Answer(document={**document, "access_token": identity.issue_token(resources[0])}, headers=_UNCACHED)


_UNCACHED = {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"}


def _refused(status: int, error: str, code: int, text: str) -> Answer:
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    trace = str(uuid.uuid4())
    document = {
        "error": error,
        "error_description": f"AADSTS{code}: {text} Trace ID: {trace} Correlation ID: {trace} Timestamp: {now}",
        "error_codes": [code],
        "timestamp": now,
        "trace_id": trace,
        "correlation_id": trace,
    }
    return Answer(
        status, content=json.dumps(document).encode(), headers={"Content-Type": "application/json"} | _UNCACHED
    )


def _instance(endpoint: str) -> dict[str, Any]:
    tenant = endpoint.removeprefix(BASE + "/").partition("/")[0] or identity.TENANT_ID
    network = {"preferred_network": HOST, "preferred_cache": "login.windows.net"}
    return {
        "tenant_discovery_endpoint": f"{BASE}/{tenant}/v2.0/.well-known/openid-configuration",
        "api-version": "1.1",
        "metadata": [{**network, "aliases": [HOST, "login.windows.net", "login.microsoft.com", "sts.windows.net"]}],
    }


def _configuration(tenant: str) -> dict[str, Any]:
    return {
        "issuer": f"{BASE}/{identity.TENANT_ID}/v2.0",
        "authorization_endpoint": f"{BASE}/{tenant}/oauth2/v2.0/authorize",
        "token_endpoint": f"{BASE}/{tenant}/oauth2/v2.0/token",
        "device_authorization_endpoint": f"{BASE}/{tenant}/oauth2/v2.0/devicecode",
        "jwks_uri": f"{BASE}/{tenant}/discovery/v2.0/keys",
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "token"],
        "subject_types_supported": ["pairwise"],
        "scopes_supported": ["openid"],
        "tenant_region_scope": None,
        "cloud_instance_name": "microsoftonline.com",
    }

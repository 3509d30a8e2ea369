"""login.microsoftonline.com: what azure-identity and msal ask of Entra's v2.0 endpoint."""

import re
from typing import Any
from urllib.parse import parse_qsl

from emulator.arm.call import Answer, Call
from emulator.dataplane import service
from emulator.dataplane.login_authorize import authorize
from emulator.dataplane.login_errors import LoginError
from emulator.dataplane.login_token import token
from emulator.identity import access, token_keys
from emulator.world import World

HOST = "login.microsoftonline.com"
BASE = f"https://{HOST}"
_PATH = re.compile(
    r"/(?P<tenant>[^/]+)/(?P<what>(v2\.0/)?\.well-known/openid-configuration|oauth2/v2\.0/(token|authorize)"
    r"|discovery/(v2\.0/)?(keys|instance)|userrealm/(?P<username>[^/]+))"
)
_ANY_TENANT = ("common", "organizations")


@service(re.escape(HOST), "/", audience=None)
def login(world: World, call: Call) -> Answer:
    """Answer one request for configuration, keys, a sign-in or a token."""
    try:
        return _login(world, call)
    except LoginError as error:
        return error.answer()


def _login(world: World, call: Call) -> Answer:
    match = _PATH.fullmatch(call.path)
    if match is None:
        raise LoginError(404, "invalid_request", 900561, f"The endpoint {call.path} is not served by the emulator.")
    tenant, what = match["tenant"], match["what"]
    if what.endswith("instance"):
        return Answer(document=_instance(call.query.get("authorization_endpoint", "")))
    if match["username"]:
        return Answer(document=_realm(world, match["username"]))
    if tenant not in (access.TENANT_ID, *_ANY_TENANT):
        text = (
            f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the "
            "correct cloud."
        )
        raise LoginError(400, "invalid_request", 90002, text)
    if what.endswith("openid-configuration"):
        return Answer(document=_configuration(tenant))
    if what.endswith("keys"):
        return Answer(document=token_keys.published(_issuer(tenant)))
    form = dict(parse_qsl(call.body.decode("utf-8", "replace")))
    if what.endswith("authorize"):
        return authorize(world, tenant, {**call.query, **form})
    if call.method != "POST":
        raise LoginError(405, "invalid_request", 900561, "The endpoint only accepts POST requests.")
    return token(world, tenant, form)


def _instance(endpoint: str) -> dict[str, Any]:
    tenant = endpoint.removeprefix(BASE + "/").partition("/")[0] or access.TENANT_ID
    network = {"preferred_network": HOST, "preferred_cache": "login.windows.net"}
    return {
        "tenant_discovery_endpoint": f"{BASE}/{tenant}/v2.0/.well-known/openid-configuration",
        "api-version": "1.1",
        "metadata": [{**network, "aliases": [HOST, "login.windows.net", "login.microsoft.com", "sts.windows.net"]}],
    }


def _realm(world: World, username: str) -> dict[str, Any]:
    """Where people of a domain sign in: here, for the domains of people who were added."""
    domain = username.rpartition("@")[2]
    cloud = {"cloud_instance_name": "microsoftonline.com", "cloud_audience_urn": "urn:federation:MicrosoftOnline"}
    if not world.users.knows_domain(domain):
        return {"ver": "1.0", "account_type": "Unknown", **cloud}
    return {"ver": "1.0", "account_type": "Managed", "domain_name": domain, **cloud}


def _issuer(tenant: str) -> str:
    """As Entra names it: with a gap for the tenant where any tenant may be meant."""
    return f"{BASE}/{'{tenantid}' if tenant in _ANY_TENANT else tenant}/v2.0"


def _configuration(tenant: str) -> dict[str, Any]:
    return {
        "issuer": _issuer(tenant),
        "authorization_endpoint": f"{BASE}/{tenant}/oauth2/v2.0/authorize",
        "token_endpoint": f"{BASE}/{tenant}/oauth2/v2.0/token",
        "device_authorization_endpoint": f"{BASE}/{tenant}/oauth2/v2.0/devicecode",
        "jwks_uri": f"{BASE}/{tenant}/discovery/v2.0/keys",
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "scopes_supported": ["openid", "profile", "offline_access"],
        "request_uri_parameter_supported": False,
        "tenant_region_scope": None,
        "cloud_instance_name": "microsoftonline.com",
    }

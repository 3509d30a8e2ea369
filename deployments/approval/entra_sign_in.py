"""An approver signs in at their tenant, in a browser, for one statement; the token that comes back proves the decision."""

from hashlib import sha256

from domain.approval.proofs.entra_token import EntraAccount
from domain.approval.statement import Statement
from domain.errors import Terminal

SECONDS = 300
"""For signing in."""


def id_token(account: EntraAccount, statement: Statement) -> str:
    """An ID token whose nonce is the statement's: authorization code with PKCE, answered on a loopback port.

    The application (the account's audience) must allow public clients and redirects to http://localhost.
    """
    from msal import PublicClientApplication
    from msal.oauth2cli.authcode import AuthCodeReceiver

    application = PublicClientApplication(
        account.audience, authority=f"https://login.microsoftonline.com/{account.tenant_id}"
    )
    with AuthCodeReceiver(port=0) as receiver:
        flow = application.initiate_auth_code_flow(
            scopes=[],
            redirect_uri=f"http://localhost:{receiver.get_port()}",
            prompt="select_account",
            response_mode="form_post",
        )
        flow["auth_uri"] = str(flow["auth_uri"]).replace(_hashed(str(flow["nonce"])), _hashed(statement.nonce))
        flow["nonce"] = statement.nonce
        answer = receiver.get_auth_response(auth_uri=flow["auth_uri"], state=flow["state"], timeout=SECONDS)
    if not answer:
        raise Terminal(f"nobody signed in within {SECONDS} s")
    result = application.acquire_token_by_auth_code_flow(flow, answer)
    if "id_token" not in result:
        raise Terminal(f"tenant {account.tenant_id} gave no token: {result.get('error_description') or result}")
    return str(result["id_token"])


def _hashed(nonce: str) -> str:
    """As MSAL sends every nonce."""
    return sha256(nonce.encode("ascii")).hexdigest()

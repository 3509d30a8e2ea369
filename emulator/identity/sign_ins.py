"""Sign-ins on their way: authorization codes, each good for one token request of the client that asked (RFC 6749, 7636)."""

import base64
import hmac
import secrets
from dataclasses import dataclass
from hashlib import sha256

CODE_SECONDS = 600.0
"""About as long as Entra's."""
_MOST = 1024


@dataclass(frozen=True)
class SignIn:
    """Who signed in, when, and for what. challenge: PKCE's, empty when the client sent none; at: seconds since 1970."""

    username: str
    client: str
    redirect_uri: str
    scopes: tuple[str, ...]
    nonce: str
    challenge: str
    method: str
    at: float

    def answers_challenge(self, verifier: str) -> bool:
        """Whether who asks for the token is who asked for the code. method: `S256` or `plain`."""
        if not self.challenge or not verifier:
            return not self.challenge and not verifier
        digest = base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=")
        shown = digest if self.method == "S256" else verifier.encode()
        return hmac.compare_digest(shown, self.challenge.encode())


class SignIns:
    """Those whose codes were given out, the newest of them."""

    def __init__(self) -> None:
        self._pending: dict[str, SignIn] = {}
        self._redeemed: dict[str, None] = {}

    def add(self, sign_in: SignIn) -> str:
        """The code for it."""
        code = secrets.token_urlsafe(48)
        self._pending[code] = sign_in
        _bound(self._pending)
        return code

    def find(self, code: str) -> SignIn | None:
        """The sign-in of a code that was not redeemed; it may be too old."""
        return self._pending.get(code)

    def was_redeemed(self, code: str) -> bool:
        """Whether a token was given for it."""
        return code in self._redeemed

    def redeem(self, code: str) -> None:
        """It is worth nothing from now on."""
        del self._pending[code]
        self._redeemed[code] = None
        _bound(self._redeemed)

    def clear(self) -> None:
        """No code is worth anything."""
        self._pending.clear()
        self._redeemed.clear()


def _bound(kept: dict[str, SignIn] | dict[str, None]) -> None:
    while len(kept) > _MOST:
        del kept[next(iter(kept))]

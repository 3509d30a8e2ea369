"""Connections that many threads share."""

from http.client import HTTPResponse
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request

from requests import PreparedRequest, Session
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar
from requests.utils import select_proxy
from urllib3 import HTTPConnectionPool

from blocks.clients.pacing import MOST

MOST_HOSTS = 256
"""Whose connections are kept."""


class SharedAdapter(HTTPAdapter):
    """As many connections to a host as may be used at once, found by host.

    requests finds them under one lock for all hosts, by a key of thirty parts that it makes anew for each request: of 64 threads 50
    waited there (measured). And it keeps ten connections of ten hosts: every further one would be made anew for each request, and the
    authorities to trust loaded with it.
    """

    def __init__(self) -> None:
        self._pools: dict[tuple[Any, ...], HTTPConnectionPool] = {}
        super().__init__(pool_connections=MOST_HOSTS, pool_maxsize=MOST)

    def get_connection_with_tls_context(
        self, request: PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> HTTPConnectionPool:
        """What `requests` lets subclasses replace."""
        place = urlsplit(request.url or "")
        key = (place.scheme, place.netloc, verify, cert, select_proxy(request.url or "", proxies))
        found = self._pools.get(key)
        if found is None:
            if len(self._pools) >= MOST_HOSTS:
                self._pools.clear()
            found = self._pools[key] = super().get_connection_with_tls_context(request, verify, proxies, cert)
        return found

    def close(self) -> None:
        """Give all connections back."""
        self._pools.clear()
        super().close()


class NoCookies(RequestsCookieJar):
    """Azure's APIs want none, and a jar has one lock for all threads."""

    def extract_cookies(self, response: HTTPResponse, request: Request) -> None:
        """Leave them."""


def shared_session() -> Session:
    """For one transport that all clients share."""
    session = Session()
    session.cookies = NoCookies()
    session.mount("https://", SharedAdapter())
    return session

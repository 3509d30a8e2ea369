"""Connections that threads share: found without a lock, kept for many hosts."""

import sys
from importlib.util import find_spec

import pytest
from requests import PreparedRequest, Request

from blocks.clients import connections
from blocks.clients.connections import MOST_HOSTS, NoCookies, SharedAdapter, shared_session
from blocks.clients.sdk_imports import remember_what_is_missing


def asked(url: str) -> PreparedRequest:
    return Request("GET", url).prepare()


def test_a_host_has_one_pool_and_another_host_or_authority_or_proxy_another() -> None:
    adapter = SharedAdapter()
    first = adapter.get_connection_with_tls_context(asked("https://a.example/1"), True)
    assert adapter.get_connection_with_tls_context(asked("https://a.example/2?x=1"), True) is first
    others = [
        adapter.get_connection_with_tls_context(asked("https://b.example/"), True),
        adapter.get_connection_with_tls_context(asked("https://a.example:8443/"), True),
        adapter.get_connection_with_tls_context(asked("https://a.example/"), False),
        adapter.get_connection_with_tls_context(asked("https://a.example/"), True, {"https": "http://127.0.0.1:9"}),
    ]
    assert len({id(one) for one in (first, *others)}) == 5


def test_what_was_given_back_is_made_anew() -> None:
    adapter = SharedAdapter()
    first = adapter.get_connection_with_tls_context(asked("https://a.example/"), True)
    adapter.close()
    assert adapter.get_connection_with_tls_context(asked("https://a.example/"), True) is not first


def test_hosts_beyond_the_most_are_asked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MOST_HOSTS", 3)
    adapter = SharedAdapter()
    for number in range(10):
        assert adapter.get_connection_with_tls_context(asked(f"https://h{number}.example/"), True).pool is not None
        assert len(adapter._pools) <= 3


def test_the_session_keeps_no_cookies_and_connections_of_many_hosts() -> None:
    session = shared_session()
    assert isinstance(session.cookies, NoCookies)
    adapter = session.get_adapter("https://management.azure.com/")
    assert isinstance(adapter, SharedAdapter)
    assert adapter.poolmanager.pools._maxsize == MOST_HOSTS


@pytest.mark.skipif(find_spec("azureml") is not None, reason="a package azureml is installed here")
def test_a_missing_package_is_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "azureml", raising=False)
    remember_what_is_missing()
    assert sys.modules["azureml"] is None
    with pytest.raises(ImportError):
        import azureml.mlflow  # noqa: F401
    remember_what_is_missing()

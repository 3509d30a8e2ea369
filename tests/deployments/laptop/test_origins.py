"""The laptop's Prefect server answers its own pages, and no others: a page anywhere could resume a run that waits."""

import httpx
import pytest

from deployments.laptop.laptop import Laptop


def preflight(laptop: Laptop, origin: str) -> httpx.Response:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    return httpx.options(f"{laptop.ui_url}/api/flow_runs/filter", headers=asked, timeout=30)


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:1", "null"])
def test_another_page_may_not_ask(laptop: Laptop, origin: str) -> None:
    assert preflight(laptop, origin).status_code == 400
    read = httpx.get(f"{laptop.ui_url}/api/health", headers={"Origin": origin}, timeout=30)
    assert "access-control-allow-origin" not in read.headers


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_its_own_pages_may(laptop: Laptop, host: str) -> None:
    own = f"http://{host}:{laptop.api_port}"
    assert preflight(laptop, own).headers["access-control-allow-origin"] == own

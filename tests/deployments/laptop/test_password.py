"""The folder's Prefect server lets in who has its password, and nobody else; the password is where it has to be, and nowhere else."""

import json
import os
import stat
from pathlib import Path

import httpx
import pytest
from prefect.client.orchestration import get_client
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from deployments.laptop.laptop import Laptop
from deployments.laptop.password import FILE, make_password, password_of
from domain.errors import Terminal

PREFECT = Subprotocol("prefect")
CLOSED = ["/api/flow_runs/filter", "/api/block_documents/filter", "/api/admin/settings", "/api/nowhere"]
WRONG = ["", "Basic", "Basic c2lnbmFsYm94Og==", "Basic %%%", "Bearer x", "Basic c2lnbmFsYm94OmFub3RoZXI="]


@pytest.mark.parametrize("path", CLOSED)
@pytest.mark.parametrize("wrong", WRONG)
def test_the_api_answers_401_without_the_password(laptop: Laptop, path: str, wrong: str) -> None:
    headers = {"Authorization": wrong} if wrong else {}
    assert httpx.post(laptop.ui_url + path, headers=headers, json={}, timeout=30).status_code == 401


def test_what_shows_nothing_is_open_and_the_page_knows_that_it_has_to_ask(laptop: Laptop) -> None:
    with httpx.Client(base_url=laptop.ui_url, timeout=30, follow_redirects=True) as stranger:
        assert stranger.get("/api/health").json() is True
        assert stranger.get("/").headers["content-type"].startswith("text/html")
        assert stranger.get("/ui-settings").json()["auth"] == "BASIC"


def test_with_the_password_all_works_and_the_server_does_not_tell_it(laptop: Laptop) -> None:
    secret = laptop.password.get_secret_value().partition(":")[2]
    assert len(secret) >= 43  # 256 bits
    with get_client(sync_client=True) as client:
        assert client.request("POST", "/flow_runs/count", json={}).status_code == 200
        assert secret not in client.request("GET", "/admin/settings").text


@pytest.mark.parametrize("path", ["events/in", "events/out", "logs/out"])
def test_websockets_let_in_who_has_it_and_nobody_else(laptop: Laptop, path: str) -> None:
    address = f"ws://127.0.0.1:{laptop.api_port}/api/{path}"
    with pytest.raises(InvalidStatus, match="403"), connect(address, open_timeout=30):
        pass  # without Prefect's protocol there is no place to say a password in
    for wrong in (None, "", "signalbox:", "signalbox:another"):
        with connect(address, subprotocols=[PREFECT], open_timeout=30) as socket:
            socket.send(json.dumps({"type": "auth", "token": wrong}))
            with pytest.raises(ConnectionClosedError, match="1008"):
                socket.recv(timeout=30)
    with connect(address, subprotocols=[PREFECT], open_timeout=30) as socket:
        socket.send(json.dumps({"type": "auth", "token": laptop.password.get_secret_value()}))
        assert json.loads(socket.recv(timeout=30))["type"] == "auth_success"


def test_it_is_made_once_and_the_owner_alone_may_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make_password(tmp_path)
    finally:
        os.umask(before)
    first = password_of(tmp_path)
    make_password(tmp_path)
    assert password_of(tmp_path) == first
    assert [file.name for file in tmp_path.iterdir()] == [FILE]
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    other = tmp_path / "other"
    other.mkdir()
    make_password(other)
    assert password_of(other) != first
    assert first.get_secret_value() not in f"{first} {first!r}"


def test_where_others_could_read_it_or_there_is_none_it_is_not_used(tmp_path: Path) -> None:
    with pytest.raises(Terminal, match=r"cannot be read in .*server-password \(No such file or directory\)"):
        password_of(tmp_path)
    make_password(tmp_path)
    secret = password_of(tmp_path).get_secret_value()
    (tmp_path / FILE).chmod(0o640)
    with pytest.raises(Terminal, match="others on this machine may read the password") as refused:
        password_of(tmp_path)
    assert secret not in str(refused.value)
    (tmp_path / FILE).chmod(0o600)
    (tmp_path / FILE).write_text("signalbox:\n")
    with pytest.raises(Terminal, match="has no password of a Prefect server"):
        password_of(tmp_path)


def test_a_draft_that_was_left_behind_is_no_password(tmp_path: Path) -> None:
    (tmp_path / f"{FILE}.new").write_text("signalbox:half")
    make_password(tmp_path)
    assert password_of(tmp_path).get_secret_value() != "signalbox:half"
    assert [file.name for file in tmp_path.iterdir()] == [FILE]


def test_every_process_of_the_laptop_has_it_and_the_emulator_does_not(laptop: Laptop) -> None:
    secret = laptop.password.get_secret_value()
    assert laptop.full_environment()["PREFECT_API_AUTH_STRING"] == secret
    assert laptop.server_environment()["PREFECT_SERVER_API_AUTH_STRING"] == secret
    assert "PREFECT_SERVER_API_AUTH_STRING" not in laptop.full_environment()
    if Path("/proc/self/environ").exists():
        variables = {pid: (Path("/proc") / pid / "environ").read_bytes() for pid in _children(laptop)}
        assert sorted(secret.encode() in one for one in variables.values()) == [False, True]


def _children(laptop: Laptop) -> list[str]:
    record = json.loads((laptop.home / "running.json").read_text())
    return [str(child["pid"]) for child in record["children"].values()]

"""Start, stop and restart: of the emulator in this process, and of `python -m emulator`."""

import asyncio
import datetime
import itertools
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import certifi
import pytest
import requests
from cryptography import x509

from emulator.front import tls
from emulator.front.proxy import Front
from emulator.front.serving import Serving
from emulator.front.tls import Certificates
from emulator.identity import access, token_keys
from emulator.server import Emulator

GROUP = "https://management.azure.com/subscriptions/s/resourceGroups/kept?api-version=1"


def _session(url: str, ca_file: Path, token: str) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.proxies, session.verify = {"https": url}, str(ca_file)
    session.headers["Authorization"] = f"Bearer {token}"
    return session


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "emulator", *arguments]


def test_resources_tokens_and_certificates_outlive_a_restart(tmp_path: Path) -> None:
    with Emulator(tmp_path) as first:
        token = access.issue_token(access.ARM_AUDIENCE)
        assert (
            _session(first.url, first.ca_file, token)
            .put(GROUP, json={"location": "westeurope", "tags": {"a": "b"}}, timeout=10)
            .ok
        )
        trusted = first.ca_file.read_bytes()
    with Emulator(tmp_path) as second:
        answer = _session(second.url, second.ca_file, token).get(GROUP, timeout=10)
        assert answer.json()["tags"] == {"a": "b"}
        assert second.ca_file.read_bytes() == trusted


def test_stopping_leaves_no_thread_and_no_open_port(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    with Emulator(tmp_path) as emulator:
        port = urlsplit(emulator.url).port
        idle = socket.create_connection(("127.0.0.1", port))
        session = _session(emulator.url, emulator.ca_file, access.issue_token(access.ARM_AUDIENCE))
        assert session.get(GROUP, timeout=10).status_code == 404
    assert {thread for thread in threading.enumerate() if thread not in before and thread.name == "emulator"} == set()
    assert idle.recv(10) == b""
    idle.close()
    with pytest.raises(ConnectionRefusedError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_connections_leave_nothing_behind(emulator: Emulator) -> None:
    folder, port = Path("/proc/self/fd"), urlsplit(emulator.url).port
    if not folder.exists():
        pytest.skip("open files can be counted on Linux only")
    emulator.control.health()
    before = len(list(folder.iterdir()))
    for number in range(60):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
            line.sendall([b"CONNECT management.azure.com:443 HTTP/1.1\r\n\r\n", b"GET /", b""][number % 3])
            if number % 3 == 0:
                line.recv(100)
                line.sendall([b"\x16\x03\x01\x00", b"no hello at all"][number % 2])
    for _ in range(5):
        emulator.control.health()
    assert len(list(folder.iterdir())) <= before + 2


def test_a_port_that_is_taken_is_a_clear_error(tmp_path: Path, emulator: Emulator) -> None:
    port = urlsplit(emulator.url).port
    assert port is not None
    with pytest.raises(OSError, match=rf"port {port} of 127\.0\.0\.1 cannot be used"), Emulator(tmp_path, port):
        pass
    ended = subprocess.run(
        _command("--port", str(port), "--state", str(tmp_path)), capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 2
    assert f"port {port} of 127.0.0.1 cannot be used" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_state_folder_serves_one_emulator(emulator: Emulator) -> None:
    with pytest.raises(OSError, match="another emulator uses the folder"), Emulator(emulator.state):
        pass


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_prints_its_environment_and_stops_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        _command("--port", "0", "--state", str(tmp_path)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = itertools.takewhile(lambda line: "Ctrl-C" not in line, process.stdout)
        exports = dict(
            line.removeprefix("export ").strip().split("=", 1) for line in lines if line.startswith("export ")
        )
        assert set(exports) >= {"HTTPS_PROXY", "REQUESTS_CA_BUNDLE", "NO_PROXY", "AZURE_TENANT_ID", "AZURE_CLIENT_ID"}
        assert requests.get(exports["HTTPS_PROXY"] + "/_emulator/health", timeout=10).json()["status"] == "ok"
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)
        assert (process.returncode, errors) == (0, "")
    open_to_others = [path for path in (tmp_path, *tmp_path.rglob("*")) if path.stat().st_mode & 0o077]
    assert open_to_others == []


def test_the_command_explains_itself() -> None:
    ended = subprocess.run(_command("--help"), capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0
    assert "--port" in ended.stdout and "--state" in ended.stdout
    ended = subprocess.run(_command("--port", "70000"), capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, "70000 is no port" in ended.stderr) == (2, True)


def test_another_address_than_the_loopback_is_refused(tmp_path: Path) -> None:
    async def listen() -> None:
        with socket.create_server(("0.0.0.0", 0)) as everywhere:  # noqa: S104 (it is what is to be refused)
            await Serving(None, None, Certificates(tmp_path), Front).listen(everywhere)

    with pytest.raises(ValueError, match="loopback interface only"):
        asyncio.run(listen())


def test_keys_are_readable_by_their_owner_alone(emulator: Emulator) -> None:
    for name in ("authority-key.pem", "token-key.pem"):
        assert stat.S_IMODE((emulator.state / name).stat().st_mode) == 0o600


def test_an_authority_that_expires_soon_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Certificates(tmp_path)
    first = (tmp_path / "authority.pem").read_bytes()
    Certificates(tmp_path)
    assert (tmp_path / "authority.pem").read_bytes() == first
    left = x509.load_pem_x509_certificate(first).not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    monkeypatch.setattr(tls, "RENEW_DAYS", left.days + 1)
    Certificates(tmp_path)
    assert (tmp_path / "authority.pem").read_bytes() != first


def test_a_leaf_is_made_once_a_host_and_anew_before_it_expires(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificates = Certificates(tmp_path)
    first = certificates.context("management.azure.com")
    assert certificates.context("management.azure.com") is first
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + (tls.LEAF_DAYS - tls.RENEW_DAYS) * 86_400 + 1)
    assert certificates.context("management.azure.com") is not first


def test_what_clients_are_to_trust_holds_every_authority_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, certifi.where())  # of this machine: those of certifi once more
    listed = Certificates(tmp_path).bundle.read_text().split("-----BEGIN CERTIFICATE-----")[1:]
    assert len(listed) == len(set(listed)) == Path(certifi.where()).read_text().count("BEGIN CERTIFICATE") + 1


def test_a_killed_emulator_starts_again_with_all_it_had(tmp_path: Path) -> None:
    command = _command("--port", "0", "--state", str(tmp_path))
    for number in range(2):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            lines = itertools.takewhile(lambda line: "Ctrl-C" not in line, process.stdout)
            exports = dict(line.removeprefix("export ").strip().split("=", 1) for line in lines if "=" in line)
            token_keys.open_key(tmp_path)
            token = access.issue_token(access.ARM_AUDIENCE)
            session = _session(exports["HTTPS_PROXY"], Path(exports["REQUESTS_CA_BUNDLE"]), token)
            if number == 0:
                assert session.put(GROUP, json={"location": "westeurope"}, timeout=10).status_code == 201
            answer = session.get(GROUP, timeout=10)
            process.kill()
        assert (answer.status_code, answer.json()["location"]) == (200, "westeurope")

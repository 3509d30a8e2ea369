"""Signalbox on one machine: the emulator, a Prefect server and, when asked, a worker that runs the deployed flows."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import SecretStr

from blocks.code_secrets import FOLDER
from deployments.laptop.crashed_runs import end_crashed_runs
from deployments.laptop.ledger_keys import ledger_keys, make_ledger_keys
from deployments.laptop.local_http import HOST, answers, request
from deployments.laptop.lock import FolderLock
from deployments.laptop.password import make_password, password_of
from deployments.laptop.processes import Child, Processes, check_port_free
from emulator.identity.access import CLIENT_ID, CLIENT_SECRET, TENANT_ID

POOL = "laptop"
WORKER = "laptop"


class Laptop:
    """A context manager: everything is up and answers inside it, and nothing of it runs after it.

    home: data and logs, kept between runs. worker: also run deployed flows here, from the pool `laptop`.
    meanwhile: called with the laptop applied while emulator and server start, for imports that take as long.
    """

    def __init__(
        self,
        home: Path = Path(".signalbox"),
        api_port: int = 4200,
        emulator_port: int = 8400,
        worker: bool = False,
        meanwhile: Callable[[], object] | None = None,
    ) -> None:
        self.home = home.resolve()
        self.api_port = api_port
        self.emulator_port = emulator_port
        self.worker = worker
        self._meanwhile = meanwhile
        self._lock = FolderLock(self.home)
        self.processes = Processes(self.home / "logs", started=self._lock.note)
        self._restore = ExitStack()

    @property
    def ui_url(self) -> str:
        """Prefect's pages."""
        return f"http://{HOST}:{self.api_port}"

    @property
    def emulator_url(self) -> str:
        """The emulator's control plane."""
        return f"http://{HOST}:{self.emulator_port}/_emulator"

    @property
    def password(self) -> SecretStr:
        """Of the Prefect server, as its page takes it; Terminal where the folder has none."""
        return password_of(self.home)

    def environment(self) -> dict[str, str]:
        """What a process needs to work with this laptop, in addition to its own variables; the server's password is among it."""
        return {
            "PREFECT_API_URL": f"{self.ui_url}/api",
            "PREFECT_API_AUTH_STRING": self.password.get_secret_value(),
            "PREFECT_HOME": str(self.home / "prefect"),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "HTTPS_PROXY": f"http://{HOST}:{self.emulator_port}",
            "REQUESTS_CA_BUNDLE": str(self.home / "emulator" / "ca.pem"),
            "NO_PROXY": f"{HOST},localhost",
            FOLDER: str(self.home / "code-secrets"),
            "AZURE_TENANT_ID": TENANT_ID,
            "AZURE_CLIENT_ID": CLIENT_ID,
            "AZURE_CLIENT_SECRET": CLIENT_SECRET,
            **ledger_keys(self.home),
        }

    def full_environment(self) -> dict[str, str]:
        """This process's variables with the laptop's over them, and without Prefect settings that point elsewhere."""
        kept = {name: value for name, value in os.environ.items() if not _points_elsewhere(name)}
        return kept | self.environment()

    def server_environment(self) -> dict[str, str]:
        """All variables of the Prefect server. It answers those who have its password, and web pages of its own alone:
        others could resume a run."""
        return self.full_environment() | {
            "PREFECT_SERVER_API_AUTH_STRING": self.password.get_secret_value(),
            "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"{self.ui_url},http://localhost:{self.api_port}",
        }

    def apply(self) -> None:
        """Make this process work with the laptop until the laptop stops."""
        before, after = dict(os.environ), self.full_environment()
        _send_what_is_queued()  # to the server that it is for
        self._restore.callback(_become, before)
        self._restore.callback(_send_what_is_queued)
        _become(after)

    def __enter__(self) -> Self:
        self._lock.take(self.ui_url, self.emulator_url)
        try:
            make_ledger_keys(self.home)
            check_port_free(self.emulator_port, "the emulator", "--emulator-port")
            check_port_free(self.api_port, "the Prefect server", "--api-port")
            make_password(self.home)
            emulator, server = self._start_emulator(), self._start_server()
            if self._meanwhile is not None:
                self.apply()
                self._meanwhile()
            emulator.wait_until(lambda: answers(self.emulator_port, "/_emulator/health"))
            server.wait_until(lambda: answers(self.api_port, "/api/health"))
            end_crashed_runs(self.api_port, self.password)
            if self.worker:
                self._start_worker()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop what was started here and undo `apply`; nothing happens when that is done."""
        try:
            self._restore.close()
        finally:
            try:
                self.processes.stop()
            finally:
                self._lock.release()

    def _start_emulator(self) -> Child:
        state = self.home / "emulator"
        state.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "emulator.__main__", "--port", str(self.emulator_port), "--state", str(state)]
        return self.processes.start("emulator", command, os.environ)

    def _start_server(self) -> Child:
        command = [sys.executable, "-m", "deployments.laptop.prefect_server", str(self.api_port)]
        return self.processes.start("prefect-server", command, self.server_environment())

    def _start_worker(self) -> None:
        command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, "--type", "process"]
        environment = self.full_environment() | {"PREFECT_WORKER_QUERY_SECONDS": "2"}
        started = datetime.now(UTC)
        self.processes.start(
            "worker", [*command, "--name", WORKER], environment, ready=lambda: self._worker_reports_since(started)
        )

    def _worker_reports_since(self, moment: datetime) -> bool:
        status, body = request(self.api_port, "POST", f"/api/work_pools/{POOL}/workers/filter", {}, self.password)
        if status != 200:
            return False
        beats = [worker["last_heartbeat_time"] for worker in json.loads(body) if worker["name"] == WORKER]
        return any(beat and datetime.fromisoformat(beat) >= moment for beat in beats)


def _points_elsewhere(name: str) -> bool:
    return name.startswith("PREFECT_") and not name.startswith(("PREFECT_LOGGING_", "PREFECT_WORKER_"))


def _become(environment: Mapping[str, str]) -> None:
    from prefect.context import refresh_global_settings_context  # takes a second to import

    for name in os.environ.keys() - environment.keys():
        del os.environ[name]
    os.environ.update(environment)
    refresh_global_settings_context()


def _send_what_is_queued() -> None:
    if "prefect" not in sys.modules:
        return
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    for worker in (EventsWorker, APILogWorker):  # else they complain at exit that the server has gone
        worker.drain_all(timeout=10, at_exit=False)

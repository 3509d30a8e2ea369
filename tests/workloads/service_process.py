"""Starts a workload's service as its image does: `python -m PACKAGE`, told by its environment."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

WORKLOADS = Path(__file__).parents[2] / "workloads"
START_SECONDS = 30


class ServiceProcess:
    """A service on a free port of the loopback interface, stopped at the end of a with block."""

    workload: str
    package: str
    model_name: str

    def __init__(self, model: Path, digest: str, log: Path, **environment: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        told = {"MODEL_DIR": str(model), "MODEL_DIGEST": digest, "MODEL_NAME": self.model_name, "MODEL_VERSION": "3"}
        self.environment = {**os.environ, "HOST": "127.0.0.1", "PORT": str(self.port), **told, **environment}
        self.log_file = log

    def __enter__(self) -> Self:
        self.launch()
        try:
            self._until_up()
        except BaseException:
            self.process.kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)

    def launch(self) -> None:
        """Start the process, without waiting for it."""
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", self.package],
                cwd=WORKLOADS / self.workload / "service",
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", trust_env=False, timeout=30)

    def _until_up(self) -> None:
        until = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < until:
            try:
                self.client.get("/health")
            except httpx.ConnectError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError(f"the service is not up:\n{self.log_file.read_text()}")

    def stop(self) -> int:
        """Ask the process to end as Kubernetes does; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(15)

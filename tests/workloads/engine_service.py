"""The estimation engine's scoring service, asked as its callers ask it."""

import json
from typing import Any

import httpx
from service_process import WORKLOADS, ServiceProcess

SERVICE = WORKLOADS / "estimation_engine" / "service"


class EngineService(ServiceProcess):
    """On a free port of the loopback interface."""

    workload, package, model_name = "estimation_engine", "estimation", "ames-saleprice"

    def ask(self, *rows: Any) -> httpx.Response:
        return self.client.post("/v1/estimates", json={"rows": rows})

    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log_file.read_text().splitlines()]

    def count(self, sample: str) -> float:
        """The value of one line of /metrics."""
        lines = self.client.get("/metrics").text.splitlines()
        return next((float(line.rpartition(" ")[2]) for line in lines if line.rpartition(" ")[0] == sample), 0.0)

"""The prediction service of the Flask application, asked as its callers ask it."""

from typing import Any

import httpx
from service_process import ServiceProcess

FLIGHT = {"origin": "JFK", "destination": "LAX", "carrier": "DL", "distance": 2475, "month": 6, "hour": 9}


class FlightService(ServiceProcess):
    """On a free port of the loopback interface."""

    workload, package, model_name = "flask_app", "prediction", "nyc-airtime"

    def ask(self, *flights: Any) -> httpx.Response:
        return self.client.post("/predict", json={"flights": flights})

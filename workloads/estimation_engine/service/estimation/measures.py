"""What the service counts, in the text format of Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from .settings import Settings

BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds


class Measures:
    """Counters of one process."""

    def __init__(self, settings: Settings, ready: bool) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "estimation_requests", "Requests answered.", ["route", "status"], registry=self._registry
        )
        self.seconds = Histogram(
            "estimation_request_seconds", "Time to answer.", ["route"], buckets=BUCKETS, registry=self._registry
        )
        self.rows = Counter("estimation_rows", "Houses estimated.", registry=self._registry)
        self.outside = Counter(
            "estimation_rows_outside_training", "Houses unlike any of the training.", registry=self._registry
        )
        Gauge("estimation_ready", "1 when the model is served.", registry=self._registry).set(ready)
        model = Gauge(
            "estimation_model_info", "The model, as released.", ["name", "version", "digest"], registry=self._registry
        )
        model.labels(settings.model_name, settings.model_version, settings.model_digest).set(1)

    def text(self) -> bytes:
        return generate_latest(self._registry)

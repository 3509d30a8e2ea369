"""The service's HTTP interface."""

from typing import Any

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from .flight import Wrong, flights_of
from .model import Model, Refusal
from .settings import Settings

MOST_BYTES = 1024 * 1024  # 1,000 flights take about 120 kB


def create_app(settings: Settings, model: Model | Refusal) -> Flask:
    """The service around a model, or around the reason why none is served: then it says so and predicts nothing."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    named = {"name": settings.model_name, "version": settings.model_version}

    @app.get("/health")
    def health() -> ResponseReturnValue:
        """The process is up."""
        return {"status": "up"}

    @app.get("/ready")
    def ready() -> ResponseReturnValue:
        """The model is loaded, and is the one that was released."""
        return _problem(503, "not_ready", str(model)) if isinstance(model, Refusal) else {"status": "ready"}

    @app.post("/predict")
    def predict() -> ResponseReturnValue:
        """How long each flight is in the air."""
        if isinstance(model, Refusal):
            return _problem(503, "not_ready", str(model))
        return {"model": named, "predictions": model.predictions(flights_of(request.get_json()))}

    @app.errorhandler(Wrong)
    def wrong(error: Wrong) -> ResponseReturnValue:
        return _problem(422, "not_valid", str(error), error.reasons)

    @app.errorhandler(RecursionError)
    def too_deep(_: RecursionError) -> ResponseReturnValue:
        return _problem(400, "bad_request", "the body is nested too deeply to be read")

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> ResponseReturnValue:
        """What routing and parsing refuse: unknown paths, other methods, bodies that are too large or no JSON."""
        return _problem(error.code or 500, error.name.lower().replace(" ", "_"), error.description or error.name)

    return app


def _problem(status: int, code: str, message: str, reasons: list[dict[str, str]] | None = None) -> tuple[Any, int]:
    """The answer that tells why there is no other. code: for programs; message: for people."""
    return jsonify(code=code, message=message, reasons=reasons or []), status

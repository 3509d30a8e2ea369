"""The service's HTTP interface."""

from fastapi import FastAPI, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from .body import BodyLimit
from .content import Refusal
from .measures import Measures
from .messages import Answer, ModelName, Problem, Question, Status
from .model import Model
from .observer import Observer
from .problems import failed, not_valid, problem, refused
from .settings import Settings

MOST_BYTES = 2 * 1024 * 1024  # 1,000 houses take about 1 MB
BODY_SECONDS = 10.0


def create_app(settings: Settings, model: Model | Refusal) -> ASGIApp:
    """The service around a model, or around the reason why none is served: then it says so and estimates nothing."""
    api = FastAPI(title="Estimation engine", version="1", docs_url=None, redoc_url=None)
    measures = Measures(settings, ready=isinstance(model, Model))
    named = ModelName(name=settings.model_name, version=settings.model_version)

    @api.get("/health")
    async def health() -> Status:
        """The process is up."""
        return Status(status="up")

    @api.get("/ready", responses={503: {"model": Problem}}, response_model=Status)
    async def ready() -> Status | JSONResponse:
        """The model is loaded, and is the one that was released."""
        return problem(503, "not_ready", str(model)) if isinstance(model, Refusal) else Status(status="ready")

    @api.get("/metrics")
    async def metrics() -> Response:
        """Counts and times, for Prometheus."""
        return Response(measures.text(), media_type=CONTENT_TYPE_LATEST)

    @api.post(
        "/v1/estimates",
        responses={status: {"model": Problem} for status in (408, 413, 422, 503)},
        response_model=Answer,
    )
    async def estimates(question: Question) -> Answer | JSONResponse:
        """The price of each house. On the loop itself: a thousand take milliseconds, and one process has one core."""
        if isinstance(model, Refusal):
            return problem(503, "not_ready", str(model))
        found = model.estimates(question.rows)
        measures.rows.inc(len(found))
        measures.outside.inc(sum(bool(estimate.outside_training) for estimate in found))
        return Answer(model=named, estimates=found)

    api.add_exception_handler(RequestValidationError, not_valid)
    api.add_exception_handler(HTTPException, refused)
    api.add_exception_handler(Exception, failed)
    return Observer(BodyLimit(api, MOST_BYTES, BODY_SECONDS), measures)

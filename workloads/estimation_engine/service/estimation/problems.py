"""Every refusal is one JSON object with its reason."""

from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import Request

from .messages import Problem, Reason
from .request_id import request_id

MOST_REASONS = 20


def problem(status: int, code: str, message: str, reasons: list[Reason] | None = None) -> JSONResponse:
    """The answer that tells why there is no other."""
    content = Problem(code=code, message=message, request_id=request_id.get(), reasons=reasons or [])
    # the rest of a body that was refused may still be on its way: the connection is of no more use
    headers = {"connection": "close"} if status in {408, 413} else None
    return JSONResponse(content.model_dump(), status, headers)


async def not_valid(_: Request, error: Exception) -> JSONResponse:
    """422: what is wrong with the request, without repeating what was sent."""
    found = error.errors() if isinstance(error, RequestValidationError) else []
    reasons = [Reason(where=_where(fault), reason=_said(fault)) for fault in found[:MOST_REASONS]]
    more = f", of which the first {MOST_REASONS} are told" if len(found) > MOST_REASONS else ""
    return problem(422, "not_valid", f"{len(found)} thing(s) in the request are wrong{more}", reasons)


async def refused(_: Request, error: Exception) -> JSONResponse:
    """What routing and the framework refuse: unknown paths, other methods, bodies that cannot be read."""
    if not isinstance(error, HTTPException):
        raise error
    return problem(error.status_code, "refused", f"{error.detail}. The API is described at /openapi.json")


async def failed(_: Request, error: Exception) -> JSONResponse:
    """500: the caller learns the request's name, the log the place."""
    return problem(500, "failed", "the service failed; its log says where, under this request_id")


def _said(fault: dict[str, Any]) -> str:
    if fault["type"] == "json_invalid":
        return f"{fault['msg']} at character {fault['loc'][-1]}: {fault['ctx']['error']}"
    return str(fault["msg"])


def _where(fault: dict[str, Any]) -> str:
    """`rows[3].lot_area` of ("body", "rows", 3, "lot_area"); names that callers made up are cut."""
    if fault["type"] == "json_invalid":
        return "body"
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part[:60]}" for part in fault["loc"][1:])
    return text.removeprefix(".") or "body"

"""The control plane, /_emulator/… on the proxy's own port: health, reset, pace, faults, journal, users, token key, warm start."""

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from emulator.controls.faults import Fault, Kind
from emulator.controls.journal import Entry
from emulator.controls.pace import Pace
from emulator.execution.process import user_environment
from emulator.identity import token_keys
from emulator.identity.users import ObjectIdTakenError, User

if TYPE_CHECKING:
    from emulator.world import World

LOCAL_NAMES = ("127.0.0.1", "localhost")
_FORM = ConfigDict(extra="forbid", strict=True)


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return pattern


Pattern = Annotated[str, AfterValidator(_compiles)]
Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]


class PaceForm(BaseModel):
    """How long operations take, those under way, too; see `emulator.controls.pace`."""

    model_config = _FORM
    default_seconds: Seconds = Pace.default_seconds
    by_type: dict[str, Seconds] = {}
    retry_after_ms: Annotated[int, Field(ge=1, le=600_000)] = Pace.retry_after_ms


class FaultForm(BaseModel):
    """What is to go wrong; see `emulator.controls.faults`."""

    model_config = _FORM
    kind: Kind
    method: Pattern = ".*"
    path: Pattern = ".*"
    times: Annotated[int, Field(ge=1)] = 1
    status: Annotated[int, Field(ge=500, le=599)] = 503
    retry_after: Seconds = 1.0
    seconds: Annotated[float, Field(ge=0, le=600)] = 1.0


class JournalFilter(BaseModel):
    """Which entries: all conditions together; path is a regular expression searched in host and path; last: at most."""

    model_config = ConfigDict(extra="forbid")
    method: str | None = None
    host: str | None = None
    path: Pattern = ""
    status: int | None = None
    last: Annotated[int, Field(ge=1)] | None = None

    def chosen(self, entries: list[Entry]) -> list[Entry]:
        """Those that fit, oldest first."""
        path = re.compile(self.path, re.IGNORECASE)
        fitting = [
            entry
            for entry in entries
            if (self.method is None or entry.method == self.method.upper())
            and (self.host is None or entry.host == self.host.lower())
            and (self.status is None or entry.status == self.status)
            and path.search(entry.host + entry.path)
        ]
        return fitting[-self.last :] if self.last else fitting


class ControlPlane:
    """ASGI application; callers that reach it under another name than the loopback's are refused."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._application = Starlette(
            routes=[
                Route("/_emulator/health", self._health),
                Route("/_emulator/reset", self._reset, methods=["POST"]),
                Route("/_emulator/pace", self._pace, methods=["GET", "PUT"]),
                Route("/_emulator/faults", self._faults, methods=["GET", "POST", "DELETE"]),
                Route("/_emulator/faults/{number:int}", self._fault, methods=["DELETE"]),
                Route("/_emulator/journal", self._journal, methods=["GET", "DELETE"]),
                Route("/_emulator/users", self._users, methods=["GET", "POST"]),
                Route("/_emulator/token-key", self._rotate_token_key, methods=["POST"]),
                Route("/_emulator/warm-start", self._warm_start, methods=["POST"]),
            ],
            exception_handlers={ValidationError: _explained, ObjectIdTakenError: _explained},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI connection."""
        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1").partition(":")[0].lower()
        if host not in LOCAL_NAMES or any(name == b"origin" for name, _ in scope["headers"]):
            text = "The control plane answers to 127.0.0.1 and localhost, and not to web pages.\n"
            await Response(text, 403)(scope, receive, send)
            return
        await self._application(scope, receive, send)

    async def _health(self, _: Request) -> Response:
        return JSONResponse({"status": "ok", "resources": self._world.store.count()})

    async def _reset(self, _: Request) -> Response:
        self._world.reset()
        return Response(status_code=204)

    async def _pace(self, request: Request) -> Response:
        if request.method == "PUT":
            self._world.pace = Pace(**PaceForm.model_validate_json(await request.body()).model_dump())
            self._world.operations.keep_pace()
        return JSONResponse(asdict(self._world.pace))

    async def _faults(self, request: Request) -> Response:
        faults = self._world.faults
        if request.method == "POST":
            fault = faults.add(Fault(**FaultForm.model_validate_json(await request.body()).model_dump()))
            return JSONResponse(asdict(fault), 201)
        if request.method == "DELETE":
            faults.clear()
            self._world.operations.keep_pace()
        return JSONResponse({"value": [asdict(fault) for fault in faults.listed()]})

    async def _fault(self, request: Request) -> Response:
        number = request.path_params["number"]
        try:
            removed = self._world.faults.remove(number)
            self._world.operations.keep_pace()
            return JSONResponse(asdict(removed))
        except KeyError:
            text = f"no fault has the id {number}: it was removed, or never asked for"
            return JSONResponse({"error": {"code": "NotFound", "message": text}}, 404)

    async def _journal(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._world.journal.clear()
        chosen = JournalFilter.model_validate(dict(request.query_params)).chosen(self._world.journal.entries())
        return JSONResponse({"value": [asdict(entry) for entry in chosen]})

    async def _users(self, request: Request) -> Response:
        if request.method == "POST":
            user = self._world.users.add(User.model_validate_json(await request.body()))
            return JSONResponse(user.document(), 201)
        return JSONResponse({"value": [user.document() for user in self._world.users.listed()]})

    async def _warm_start(self, _: Request) -> Response:
        self._world.warm.programs(user_environment({}))
        return JSONResponse({"parent": self._world.warm.parent})

    async def _rotate_token_key(self, _: Request) -> Response:
        return JSONResponse({"kid": token_keys.rotate_key(self._world.folder)})


async def _explained(_: Request, error: Exception) -> Response:
    reasons = [str(error)]
    if isinstance(error, ValidationError):
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        reasons = [f"{'.'.join(str(part) for part in fault['loc']) or 'body'}: {fault['msg']}" for fault in faults]
    return JSONResponse({"error": {"code": "InvalidRequest", "message": "; ".join(reasons)}}, 400)

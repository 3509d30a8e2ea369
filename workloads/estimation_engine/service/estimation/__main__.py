"""`python -m estimation`: serves the model until it is told to stop (SIGTERM), then answers what it has begun."""

import os
import signal
import sys
import time

import uvicorn

from . import logs
from .app import create_app
from .content import Refusal
from .model import Model, load
from .settings import Settings, SettingsError

STOP_SECONDS = 10
MOST_CONNECTIONS = 200  # above it the server answers 503 at once: bodies of 2 MiB each stay within memory


def main() -> int:
    began = time.perf_counter()
    logs.configure()
    try:
        settings = Settings.read(os.environ)
    except SettingsError as problem:
        logs.log.error(str(problem))
        return 2
    # uvicorn raises the signal again once it has stopped: an orderly end is not a failure
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    served = {"model": settings.model_name, "version": settings.model_version, "digest": settings.model_digest}
    model: Model | Refusal
    try:
        model = load(settings.model_dir, settings.model_digest)
        logs.log.info("loaded", extra={"fields": {**served, "seconds": round(time.perf_counter() - began, 2)}})
    except Refusal as refusal:
        model = refusal
        logs.log.error(f"not served: {refusal}", extra={"fields": served})
    uvicorn.run(
        create_app(settings, model),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

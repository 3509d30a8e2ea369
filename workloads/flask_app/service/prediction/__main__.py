"""`python -m prediction`: serves the model until it is told to stop (SIGTERM)."""

import logging
import os
import signal
import sys

from waitress import serve  # type: ignore[import-untyped]  # ships no types

from .app import MOST_BYTES, create_app
from .model import Model, Refusal, load
from .settings import Settings, SettingsError

THREADS = 4
MOST_CONNECTIONS = 100
BODY_SECONDS = 10
"""Without a byte, after which a connection is closed."""

log = logging.getLogger("prediction")


def main() -> int:
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        settings = Settings.read(os.environ)
    except SettingsError as problem:
        log.error("%s", problem)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    model: Model | Refusal
    try:
        model = load(settings.model_dir, settings.model_digest)
        log.info("loaded %s:%s, %s", settings.model_name, settings.model_version, settings.model_digest)
    except Refusal as refusal:
        model = refusal
        log.error("not served: %s", refusal)
    serve(
        create_app(settings, model),
        host=settings.host,
        port=settings.port,
        threads=THREADS,
        connection_limit=MOST_CONNECTIONS,
        channel_timeout=BODY_SECONDS,
        cleanup_interval=1,
        # the application refuses what is too large, and says so as it says all else; beyond this the connection ends
        max_request_body_size=8 * MOST_BYTES,
        ident=None,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

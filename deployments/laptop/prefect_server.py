"""The folder's Prefect server, as `prefect server start` runs it, but under this machine's names alone (Prefect checks no Host).

`python -m deployments.laptop.prefect_server PORT`; everything else is Prefect's settings.
"""

import sys

import uvicorn
from prefect.server.api.server import create_app
from prefect.settings import get_current_settings

from deployments.laptop.local_http import HOST
from deployments.laptop.local_names import LocalNames


def main(arguments: list[str]) -> None:
    """Serve until the process is asked to end."""
    settings = get_current_settings().server
    uvicorn.run(
        LocalNames(create_app(final=True)),
        host=HOST,
        port=int(arguments[0]),
        timeout_keep_alive=settings.api.keepalive_timeout,
        ws_ping_interval=settings.api.websocket_ping_interval,
        ws_ping_timeout=settings.api.websocket_ping_timeout,
        log_level=settings.logging_level.lower(),
    )


if __name__ == "__main__":
    main(sys.argv[1:])

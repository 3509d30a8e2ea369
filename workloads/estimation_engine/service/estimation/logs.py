"""One JSON object a line on standard output. What callers sent is never in it."""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

log = logging.getLogger("estimation")


def line_of(record: logging.LogRecord) -> str:
    """One record as a JSON object."""
    time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    line: dict[str, Any] = {"time": time, "level": record.levelname.lower(), "event": record.getMessage()}
    line |= getattr(record, "fields", {})
    if record.exc_info and record.exc_info[0]:
        # where and what kind, not the message: it may quote the input
        line["error"] = record.exc_info[0].__name__
        line["at"] = [frame.strip() for frame in traceback.format_tb(record.exc_info[2])]
    return json.dumps(line)


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return line_of(record)


def configure() -> None:
    """Send the log of this process, the server's included, to standard output."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Lines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])

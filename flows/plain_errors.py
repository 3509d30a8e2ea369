"""A refusal of ours is a sentence; Prefect's logs show it without the stack of calls that led to it."""

import logging

from domain.errors import SignalboxError

LOGGERS = ("prefect.flow_runs", "prefect.task_runs", "prefect.flow_engine", "prefect.task_engine")


def show_plainly() -> None:
    """From now on. Errors of any other kind keep their traceback, for nobody foresaw them."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if _without_traceback not in logger.filters:
            logger.addFilter(_without_traceback)


def _without_traceback(record: logging.LogRecord) -> bool:
    if record.exc_info and isinstance(record.exc_info[1], SignalboxError):
        record.exc_info = None
        record.exc_text = None
    return True

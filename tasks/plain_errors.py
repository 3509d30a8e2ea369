"""What runs write into logs: a refusal of ours is a sentence, without the stack of calls that led to it; no text commands a terminal."""

import logging

from domain.errors import SignalboxError
from domain.shown import shown_lines

LOGGERS = ("prefect.flow_runs", "prefect.task_runs", "prefect.flow_engine", "prefect.task_engine")


def show_plainly() -> None:
    """From now on. Errors of any other kind keep their traceback, because nobody foresaw them."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        for cleaned in (_without_traceback, _without_commands):
            if cleaned not in logger.filters:
                logger.addFilter(cleaned)


def _without_traceback(record: logging.LogRecord) -> bool:
    if record.exc_info and isinstance(record.exc_info[1], SignalboxError):
        record.exc_info = None
        record.exc_text = None
    return True


def _without_commands(record: logging.LogRecord) -> bool:
    text = record.getMessage()
    cleaned = shown_lines(text)
    if cleaned != text:
        record.msg, record.args = cleaned, ()
    return True

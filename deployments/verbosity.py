"""How much the terminal of a command is told: the command's own progress and result, or with --verbose all that is logged.

The log that a run keeps in the server is always whole.
"""

import logging
import os

from blocks.clients.sdk_noise import VERBOSE, is_verbose

TOLD_BY_THE_COMMAND = {
    "prefect.flow_runs": (
        "Encountered exception during execution: ",
        "Finished in state ",
        "Crash detected! Execution was aborted by an interrupt signal.",
    ),
    "prefect.task_runs": ("Task run failed with state: ", "Finished in state "),
}
"""How Prefect logs the end of a run; the command that carried it, or the circuit's own line, says the same and what to do."""

PATIENT = "Still processing items"
"""What Prefect says while it sends its last events, which it does whoever knows of it."""


def set_verbose(verbose: bool) -> None:
    """For this process, and for those that it starts."""
    if verbose:
        os.environ[VERBOSE] = "1"
    else:
        os.environ.pop(VERBOSE, None)


def quiet_prefect() -> None:
    """Lines of Prefect's log stay off this terminal unless they warn; once is enough. Imports Prefect, which takes seconds."""
    import prefect.main  # noqa: F401  # it makes the handlers
    from prefect.logging.handlers import PrefectConsoleHandler

    for handler in logging.getLogger().handlers:
        if isinstance(handler, PrefectConsoleHandler):
            handler.addFilter(_is_wanted)


def _is_wanted(record: logging.LogRecord) -> bool:
    if is_verbose():
        return True
    if record.levelno < logging.WARNING:
        return False
    if record.getMessage().startswith(PATIENT):
        return False
    foreseen = not record.exc_info or record.exc_info[0] is None  # what nobody foresaw keeps its traceback
    told = next((words for name, words in TOLD_BY_THE_COMMAND.items() if record.name.startswith(name)), ())
    return not (foreseen and record.getMessage().startswith(told))

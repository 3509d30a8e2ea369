"""What the SDKs say of their own accord, and nobody can act on; with VERBOSE set it is said. Their warnings and errors always are.

Each is stopped where it arises: by the logger that says it, or the module that prints it.
"""

import logging
import os
from typing import Any

VERBOSE = "SIGNALBOX_VERBOSE"
"""The process's variable; processes started from here have it, too."""
TELLS_OF_DOWNLOADS = (
    "azure.ai.ml.operations._job_operations",
    "azure.ai.ml.operations._model_operations",
)
"""Loggers that print a line for each file that is fetched."""
TELLS_OF_FOLDERS = "great_expectations.data_context.types.base"
"""A logger that prints a line for each temporary folder."""
TELLS_OF_EXPERIMENTS = "azure.ai.ml._utils._experimental"
EXPERIMENTS = "https://aka.ms/azuremlexperimental"
"""In every line about a class that may change, most of them the SDK's own, which nobody here chose."""
RESET, POLLED = "\x1b[39m\n", "."
"""Printed after every upload, to end a colour that no progress bar began, and whenever a long operation has been asked after."""


def is_verbose() -> bool:
    """Whether all of it is wanted."""
    return bool(os.environ.get(VERBOSE))


def quiet_azure_ml() -> None:
    """From now on; once is enough."""
    from azure.ai.ml._artifacts import _blob_storage_helper, _gen2_storage_helper
    from azure.ai.ml._utils import _azureml_polling

    for name in TELLS_OF_DOWNLOADS:
        _add(name, _warns)
    _add(TELLS_OF_EXPERIMENTS, _is_no_experiment)
    for module in (_blob_storage_helper, _gen2_storage_helper, _azureml_polling):
        module.print = _print_text  # the module's own word for it, before the builtin


def quiet_great_expectations() -> None:
    """From now on; once is enough."""
    _add(TELLS_OF_FOLDERS, _warns)


def _add(logger: str, kept: Any) -> None:
    """A filter, not a level: the module sets its level when it is imported. The same filter is added once."""
    logging.getLogger(logger).addFilter(kept)


def _warns(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING or is_verbose()


def _is_no_experiment(record: logging.LogRecord) -> bool:
    return EXPERIMENTS not in record.getMessage() or is_verbose()


def _print_text(*words: Any, **how: Any) -> None:
    if words not in ((RESET,), (POLLED,)) or is_verbose():
        print(*words, **how)  # noqa: T201  # what else the SDK prints

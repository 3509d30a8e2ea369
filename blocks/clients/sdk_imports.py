"""azure-ai-ml looks for the package azureml-mlflow each time that it reads a workspace, which is twice a deployment.

Where it is not installed, every look searches the disk under the one lock of Python's imports: of 64 threads 57 waited there (measured).
"""

import sys
from importlib.util import find_spec

OPTIONAL = ("azureml", "azureml.mlflow")
"""Outermost first."""


def remember_what_is_missing() -> None:
    """None in `sys.modules` is how Python remembers that there is no such module; the import fails as before, at once."""
    for name in OPTIONAL:
        if name not in sys.modules and find_spec(name) is None:
            sys.modules[name] = None  # type: ignore[assignment]  # as the language reference has it
        if sys.modules.get(name, name) is None:
            return

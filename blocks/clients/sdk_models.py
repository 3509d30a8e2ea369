"""azure-ai-ml 1.35 makes its model classes ready at their first use, without a lock: threads then see half of one.

Seen as "'dict' object has no attribute 'credentials'" in about 1 of 20 processes whose first request came from several
threads at once. So all of them are made ready beforehand, 0.1 s once.
"""

import sys
from collections.abc import Iterator
from threading import Lock
from typing import Any

_PREPARING = Lock()
_PREPARED: set[type] = set()


def prepare_models() -> None:
    """Make every class of the SDK's REST models ready that is imported by now."""
    with _PREPARING:
        for name, module in list(sys.modules.items()):
            if name.startswith("azure.ai.ml._restclient.") and name.endswith("._utils.model_base"):
                for model in _below(module.Model):
                    if model not in _PREPARED:
                        module.Model.__new__(model)
                        _PREPARED.add(model)


def _below(model: Any) -> Iterator[type]:
    for child in model.__subclasses__():
        yield child
        yield from _below(child)

"""What a run sees of the machine: as little as it needs, because it looks at all of it at every request."""

import gc
import os
from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module
from pathlib import Path

KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")
END = "-----END CERTIFICATE-----\n"


def load(modules: Iterable[str]) -> None:
    """Once, for every process that is forked from this one."""
    for module in modules:
        with suppress(ImportError):
            import_module(module)
    gc.collect()
    gc.freeze()


def strip(home: Path, needed: dict[str, str]) -> None:
    """Only the variables that are needed, and one authority to trust: the emulator's own.

    Reading the public ones takes most of a second of each run's first connections (measured: 9 s of 16 of a release).
    """
    from prefect.context import refresh_global_settings_context

    variables = {name: value for name in KEPT if (value := os.environ.get(name)) is not None} | needed
    whole = Path(variables["REQUESTS_CA_BUNDLE"]).read_text()
    alone = home / "authority.pem"
    alone.write_text(whole.partition(END)[0] + END)
    variables |= {"REQUESTS_CA_BUNDLE": str(alone), "SSL_CERT_FILE": str(alone)}
    variables["PREFECT_LOGGING_TO_API_ENABLED"] = "false"
    os.environ.clear()
    os.environ.update(variables)
    refresh_global_settings_context()

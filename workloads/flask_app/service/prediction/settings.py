"""What the service is told by its environment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")


class SettingsError(ValueError):
    """The environment cannot be used. The message names everything that is wrong, and what is expected."""


@dataclass(frozen=True)
class Settings:
    """Where to listen, and which model to serve. model_digest: the only content that may be served."""

    host: str
    port: int
    model_dir: Path
    model_digest: str
    model_name: str
    model_version: str

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """Read HOST, PORT, MODEL_DIR, MODEL_DIGEST, MODEL_NAME and MODEL_VERSION."""
        host = environment.get("HOST", "0.0.0.0")  # noqa: S104  # a container is reached from outside; tests say 127.0.0.1
        port = environment.get("PORT", "8080")
        digest, name, version = (
            environment.get(variable, "") for variable in ("MODEL_DIGEST", "MODEL_NAME", "MODEL_VERSION")
        )
        faults = []
        if not (port.isascii() and port.isdigit() and 1 <= int(port[:6]) <= 65535):
            faults.append(f"PORT is {port[:40]!r}, and must be a number from 1 to 65535")
        if not DIGEST.fullmatch(digest):
            faults.append(f"MODEL_DIGEST is {digest[:80]!r}, and must be sha256: and 64 hexadecimal digits")
        for variable, text in (("MODEL_NAME", name), ("MODEL_VERSION", version)):
            if not NAME.fullmatch(text):
                faults.append(
                    f"{variable} is {text[:40]!r}, and must be letters, digits, dots, hyphens and underscores"
                )
        if faults:
            raise SettingsError("; ".join(faults) + ". Set them and start the service again.")
        return cls(host, int(port), Path(environment.get("MODEL_DIR", "model")), digest, name, version)

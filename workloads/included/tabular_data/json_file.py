"""What a step tells beside its rows."""

import json
from collections.abc import Mapping
from pathlib import Path


def write_json(content: Mapping[str, object], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")

"""One spelling of JSON, so that equal content has an equal digest."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from pydantic import BaseModel


def canonical_json(content: BaseModel | Mapping[str, Any]) -> bytes:
    """Sorted keys, no spaces, ASCII; ValueError for NaN and infinity, which JSON does not have."""
    plain = content.model_dump(mode="json") if isinstance(content, BaseModel) else content
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")


def digest_of(content: bytes) -> str:
    """`sha256:` and 64 hexadecimal digits."""
    return "sha256:" + sha256(content).hexdigest()

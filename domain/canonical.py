"""One spelling of JSON, so that equal content has an equal digest."""

import json
from hashlib import sha256

from pydantic import BaseModel


def canonical_json(model: BaseModel) -> bytes:
    """Sorted keys, no spaces, ASCII; ValueError for NaN and infinity, which JSON does not have."""
    return json.dumps(
        model.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    ).encode("ascii")


def digest_of(content: bytes) -> str:
    """`sha256:` and 64 hexadecimal digits."""
    return "sha256:" + sha256(content).hexdigest()

"""The smoke test of a service: it is ready, and answers a question as it should. (Seed 001, dev and QA.)"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from domain.service import PATH
from domain.smoke import Check, SmokeTest, SmokeVerdict
from domain.unit import Unit

SHOWN = 200
"""Characters of an answer."""


class HttpEvidence(BaseModel):
    """What was seen. ready: status of the ready path, 0 where nothing answered. answer: the body, cut. milliseconds: of the answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: Unit
    address: str
    ready: int
    ready_seconds: float
    ready_text: str
    status: int
    answer: str
    milliseconds: float

    @classmethod
    def unready(cls, unit: Unit, address: str, seconds: float, why: str) -> "HttpEvidence":
        """Of what could not even be asked whether it is ready."""
        return cls(
            unit=unit,
            address=address,
            ready=0,
            ready_seconds=seconds,
            ready_text=why,
            status=0,
            answer="",
            milliseconds=0.0,
        )


class HttpSmokeTest(BaseModel):
    """A question whose answer is known in its shape.

    path: asked with POST. question: JSON file in the workload's folder. answers: what the answer's JSON object must have, dotted:
    `estimates`, `model.version`. ready_minutes: until it answers at all. within_ms: the answer's time, at most.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(pattern=PATH)
    question: Path
    answers: tuple[str, ...] = Field(min_length=1)
    ready_minutes: float = Field(default=5, gt=0, le=60, allow_inf_nan=False)
    within_ms: float = Field(default=5000, gt=0, le=60_000, allow_inf_nan=False)

    def verdict(self, seen: HttpEvidence) -> SmokeVerdict:
        """Ready, answered, in time, and with everything that an answer has."""
        missing = [name for name in self.answers if not _has(_object(seen.answer), name)] if seen.status == 200 else []
        shape = f"lacks {', '.join(missing)}: {seen.answer[:SHOWN]}" if missing else f"has {', '.join(self.answers)}"
        return SmokeVerdict(
            seen.unit,
            (
                Check(
                    "Ready",
                    seen.ready == 200,
                    f"{seen.ready or 'no answer'} after {seen.ready_seconds:.1f} s at {seen.address}"
                    + (f": {seen.ready_text[:SHOWN]}" if seen.ready != 200 else ""),
                ),
                Check("Answer", seen.status == 200, f"{seen.status or 'none'}: {seen.answer[:SHOWN]}"),
                Check("Shape", seen.status == 200 and not missing, shape),
                Check(
                    "Time", seen.milliseconds <= self.within_ms, f"{seen.milliseconds:.0f} ms, limit {self.within_ms:g}"
                ),
            ),
        )


AnySmokeTest = SmokeTest | HttpSmokeTest
"""Of files or of a service: told apart by their keys."""


def _object(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _has(answer: Any, name: str) -> bool:
    for part in name.split("."):
        if not isinstance(answer, dict) or part not in answer or answer[part] in (None, [], {}):
            return False
        answer = answer[part]
    return True

"""The smoke test of a service: it is ready, and answers a question as it should. (Seed 001, dev and QA.)"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from domain.identifiers import UrlPath
from domain.unit import Unit
from domain.verification.smoke import Check, SmokeTest, SmokeVerdict

SHOWN = 200
"""Characters of an answer."""
NOTHING: tuple[Any, ...] = (None, [], {})
"""What is there and says nothing."""


class HttpEvidence(BaseModel):
    """What was seen. ready: status of the ready path, 0 where nothing answered. answer: the body, cut. milliseconds: of the answer.

    version: of the model that was released, so that must answer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: Unit
    address: str
    version: str
    ready: int
    ready_seconds: float
    ready_text: str
    status: int
    answer: str
    milliseconds: float

    @classmethod
    def unready(cls, unit: Unit, address: str, version: str, seconds: float, why: str) -> "HttpEvidence":
        """Of what could not even be asked whether it is ready."""
        return cls(
            unit=unit,
            address=address,
            version=version,
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
    `estimates`. version: where the answer says which version of the model gave it, dotted, too: `model.version`; it must be the
    released one. ready_minutes: until it answers at all. within_ms: the answer's time, at most.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: UrlPath
    question: Path
    answers: tuple[str, ...] = Field(min_length=1)
    version: str
    ready_minutes: float = Field(default=5, gt=0, le=60, allow_inf_nan=False)
    within_ms: float = Field(default=5000, gt=0, le=60_000, allow_inf_nan=False)

    def verdict(self, seen: HttpEvidence) -> SmokeVerdict:
        """Ready, answered by the released model, in time, and with everything that an answer has."""
        answer = _object(seen.answer) if seen.status == 200 else {}
        missing = [name for name in self.answers if _at(answer, name) in NOTHING]
        version = _at(answer, self.version)
        ready = f"{seen.ready or 'no answer'} after {seen.ready_seconds:.1f} s at {seen.address}"
        why = f": {seen.ready_text[:SHOWN]}" if seen.ready != 200 else ""
        checks = [
            Check("Ready", seen.ready == 200, ready + why),
            Check("Answer", seen.status == 200, f"{seen.status or 'none'}: {seen.answer[:SHOWN]}"),
        ]
        if seen.status == 200:
            shape = (
                f"lacks {', '.join(missing)}: {seen.answer[:SHOWN]}" if missing else f"has {', '.join(self.answers)}"
            )
            said = f"{self.version} is {str(version)[:SHOWN]}, the release has {seen.version}"
            took = f"{seen.milliseconds:.0f} ms, limit {self.within_ms:g}"
            checks += [
                Check("Shape", not missing, shape),
                Check("Model version", isinstance(version, str | int) and str(version) == seen.version, said),
                Check("Time", seen.milliseconds <= self.within_ms, took),
            ]
        return SmokeVerdict(seen.unit, tuple(checks))


HTTP = "http"
FILES = "files"


def _asked_over(test: object) -> str:
    """The tag of a smoke test, as it is declared or as it was read."""
    if isinstance(test, Mapping):
        return HTTP if "path" in test or "question" in test else FILES
    return HTTP if isinstance(test, HttpSmokeTest) else FILES


AnySmokeTest = Annotated[
    Annotated[SmokeTest, Tag(FILES)] | Annotated[HttpSmokeTest, Tag(HTTP)], Discriminator(_asked_over)
]
"""Of files or of a service: told apart by their keys, so that what is wrong is said of the one that was meant."""


def _object(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _at(answer: Any, name: str) -> Any:
    """What the answer has under a dotted name; None where it has nothing."""
    for part in name.split("."):
        answer = answer.get(part) if isinstance(answer, dict) else None
    return answer

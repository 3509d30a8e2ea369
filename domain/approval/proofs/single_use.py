"""What proves only once, found in whatever somebody typed: codes and tokens are used up by the answer that they come with first."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import islice

from domain.approval.proofs.entra_token import key_id, token_digest
from domain.approval.proofs.one_time_code import DIGITS, STEPS_AHEAD, STEPS_BEFORE, plain_code, step_at

CODE = re.compile(rf"(?<!\d)\d(?:[\s-]?\d){{{DIGITS - 1}}}(?!\d)")
MOST_CODES = 10
"""Of one text."""
SPAN = STEPS_BEFORE + STEPS_AHEAD
"""Steps for which one mark of a code stands: one that counts twice would do so within a span, or in one and the next."""


@dataclass(frozen=True)
class OneTime:
    """A code, as it is generated, or the digest of a token."""

    kind: str
    value: str

    def marks(self, now: datetime) -> tuple[str, str]:
        """What is put down when it is seen, and the mark that an earlier sight would have left elsewhere; "" for none.

        Six digits come again one day, as another code; a token never does.
        """
        if self.kind == "token":
            return f"token {self.value}", ""
        hidden, span = sha256(self.value.encode()).hexdigest(), step_at(now) // SPAN
        return f"code {hidden} in {span}", f"code {hidden} in {span - 1}"


def one_time(text: str) -> Iterator[OneTime]:
    """Everything in a text that proves once: people type a code into the wrong field, or with a word beside it."""
    stripped = text.strip()
    if key_id(stripped) is not None:
        yield OneTime("token", token_digest(stripped))
        return
    for found in islice(CODE.finditer(text), MOST_CODES):
        yield OneTime("code", plain_code(found.group()))

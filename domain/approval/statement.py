"""What an approver signs: one decision about one release at one gate, in one spelling."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from domain.canonical_json import canonical_json, digest_of
from domain.identifiers import Sha256
from domain.utc import Moment

NAMESPACE = "signalbox-approval"
"""Of SSH signatures: one made for anything else (a git commit, a log-in) does not count here."""
MAX_COMMENT = 4000


def _printable(text: str) -> str:
    """A control character could hide in a terminal what the rest says."""
    if any(not (char.isprintable() or char in "\n\t") for char in text):
        raise ValueError("has characters that cannot be shown; write plain text")
    return text


Comment = Annotated[str, Field(max_length=MAX_COMMENT), AfterValidator(_printable)]


class Choice(StrEnum):
    """approve, reject, or break glass: one person of a declared group lets the release pass at once, and says why."""

    APPROVE = "approve"
    REJECT = "reject"
    BREAK_GLASS = "break-glass"


class Statement(BaseModel):
    """A decision, bound to exactly what was shown.

    release_digest: of the manifest. policy_digest: of the stage as it is declared. report_digest: of the evidence.
    asked: of the fact that asked, and through its chain of everything that was known then. expires_at: void after it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    purpose: Literal["signalbox approval 1"] = "signalbox approval 1"
    workload: str
    release: str
    release_digest: Sha256
    stage: str
    gate: str
    policy_digest: Sha256
    report_digest: Sha256
    asked: Sha256
    choice: Choice
    approver: str = Field(min_length=1, max_length=200)
    comment: Comment
    expires_at: Moment

    @property
    def text(self) -> str:
        """What is signed: canonical JSON."""
        return canonical_json(self).decode("ascii")

    @property
    def digest(self) -> str:
        """sha256 of the text."""
        return digest_of(self.text.encode("ascii"))

    @property
    def nonce(self) -> str:
        """What an identity provider is asked to put into its token: 32 hexadecimal digits of the digest."""
        return self.digest.removeprefix("sha256:")[:32]

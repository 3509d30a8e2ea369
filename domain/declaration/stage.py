"""One stage: where a release goes, who is asked first, how it is proven."""

from pydantic import BaseModel, ConfigDict, model_validator

from domain.canonical_json import canonical_json, digest_of
from domain.declaration.gate import Gate
from domain.declaration.target import BatchEndpointTarget, PublishingTarget, ReplacingTarget, Target
from domain.declaration.wave import Wave
from domain.identifiers import StageName
from domain.verification.confirmation import Confirmation
from domain.verification.http_smoke import AnySmokeTest, HttpSmokeTest
from domain.verification.replay import Replay


class Stage(BaseModel):
    """A stage. The gate, if any, comes before anything is done; verification and replay after deploying, before the switch.

    confirmation: after the switch; what fails it is rolled back by itself. waves: all circuits at once where none is named.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: StageName
    target: Target
    gate: Gate | None = None
    verification: AnySmokeTest | None = None
    replay: Replay | None = None
    confirmation: Confirmation | None = None
    waves: tuple[Wave, ...] = ()

    @model_validator(mode="after")
    def _scores_and_switches(self) -> "Stage":
        kind = self.target.kind
        if isinstance(self.target, PublishingTarget):
            if self.replay is not None:
                raise ValueError(f"a {kind} scores nothing, so there is nothing to replay")
            if self.confirmation is not None:
                raise ValueError(f"a {kind} switches nothing, so there is nothing to confirm")
            if self.waves:
                raise ValueError(f"a {kind} switches nothing, so it has no waves")
        if isinstance(self.target, ReplacingTarget):
            if self.verification is not None or self.replay is not None:
                raise ValueError(
                    f"a {kind} is replaced when it switches, so it can only be tested after that; declare confirmation"
                )
            if self.confirmation is not None and self.confirmation.replay is not None:
                raise ValueError(f"a {kind} scores no files, so there is nothing to replay")
            if self.confirmation is not None and not isinstance(self.confirmation.smoke, HttpSmokeTest):
                raise ValueError(f"a {kind} is tested over HTTP: its confirmation needs path, question and answers")
        if isinstance(self.target, BatchEndpointTarget):
            asked = (self.verification, self.confirmation.smoke if self.confirmation is not None else None)
            if any(isinstance(one, HttpSmokeTest) for one in asked):
                raise ValueError(
                    f"a {kind} scores files and is not tested over HTTP: its smoke test needs data and columns"
                )
        return self

    @property
    def policy_digest(self) -> str:
        """Of everything declared here. An approval is for the stage as shown."""
        return digest_of(canonical_json(self))

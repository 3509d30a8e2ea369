"""One stage: where a release goes, who is asked first, how it is proven."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from domain.canonical_json import canonical_json, digest_of
from domain.declaration.gate import Gate
from domain.declaration.place import Place
from domain.declaration.target import BatchEndpointTarget, PublishingTarget, ReplacingTarget, Target
from domain.declaration.wave import Wave
from domain.identifiers import StageName
from domain.verification.confirmation import Confirmation
from domain.verification.http_smoke import AnySmokeTest, HttpSmokeTest
from domain.verification.replay import Replay


class Stage(BaseModel):
    """A stage. The gate, if any, comes before anything is done; verification and replay after deploying, before the switch.

    confirmation: after the switch; what fails it is rolled back by itself. waves: all circuits at once where none is named.
    place: what the target's block stands for, found out when a release begins and never declared; None where nobody has looked.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: StageName
    target: Target
    gate: Gate | None = None
    verification: AnySmokeTest | None = None
    replay: Replay | None = None
    confirmation: Confirmation | None = None
    waves: tuple[Wave, ...] = ()
    place: Place | None = Field(default=None, exclude_if=lambda value: value is None)

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
        """Of everything declared here, and where it is. An approval is for the stage as shown."""
        return digest_of(canonical_json(self))

    def is_policy(self, policy: Mapping[str, Any]) -> bool:
        """Whether this is the stage that somebody was asked about. Where it was not known then or is not known now, the place is left out."""
        place = None if "place" not in policy else self.place
        known = {key: value for key, value in policy.items() if key != "place" or place is not None}
        return canonical_json(self.model_copy(update={"place": place})) == canonical_json(known)

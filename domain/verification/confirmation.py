"""After the switch: does the fleet really answer as it should? What fails is rolled back by itself."""

from pydantic import BaseModel, ConfigDict, model_validator

from domain.verification.http_smoke import AnySmokeTest
from domain.verification.replay import Replay


class Confirmation(BaseModel):
    """smoke: of each endpoint's default, as its callers have it. replay: compared with what served before the switch."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    smoke: AnySmokeTest | None = None
    replay: Replay | None = None

    @model_validator(mode="after")
    def _asks_something(self) -> "Confirmation":
        if self.smoke is None and self.replay is None:
            raise ValueError("nothing would be confirmed; declare smoke, replay or both")
        return self

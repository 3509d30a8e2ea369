"""What was rolled back is held, by its models' content: nothing pushes them again until a person says so. Newer models are not held."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from domain.ledger.fact import Fact, Kind


def unhold_command(release: str, workload: str) -> str:
    """What a person types to end the hold on a release."""
    return f"`signalbox unhold {release} --as NAME --reason WHY --workload {workload}`"


class ModelHold(BaseModel):
    """That a model was rolled back, as the ledger's index of holds keeps it. lifted: by whom and why; None while it stands.

    release, stage: which was rolled back, and where. unit: the circuit. model: `NAME:version`. digest: of the model's files.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    release: str
    stage: str
    unit: str
    model: str
    digest: str
    reason: str = Field(max_length=2000)
    lifted: str | None = Field(default=None, max_length=3000)

    def __str__(self) -> str:
        return f"{self.model} of {self.unit} was rolled back with release {self.release} at {self.stage}: {self.reason}"


def held_at(facts: Sequence[Fact], stage: str) -> bool:
    """Whether the release was held at a stage, or was about to be when its run ended."""
    return any(
        fact.kind is Kind.HELD or (fact.kind is Kind.JOURNAL and fact.body.get("hold") is True)
        for fact in facts
        if fact.stage == stage
    )


def hold_of(facts: Sequence[Fact]) -> Fact | None:
    """The hold on a release; None when there is none, or a person has ended it."""
    for fact in reversed(facts):
        if fact.kind is Kind.UNHELD:
            return None
        if fact.kind is Kind.HELD:
            return fact
    return None

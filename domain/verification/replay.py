"""The replay before a switch: candidate and champion answer the same recent input, and limits judge how answers shift."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from domain.datastore_path import DatastorePath, folder_for
from domain.unit import Unit
from domain.verification.golden_answers import Golden, GoldenAnswers
from domain.verification.prediction_shift import Shift


class ReplayResult(StrEnum):
    """What a replay says. INCONCLUSIVE: people must look."""

    PASSED = "PASSED"
    INCONCLUSIVE = "INCONCLUSIVE"
    FAILED = "FAILED"


SEVERITY = (ReplayResult.PASSED, ReplayResult.INCONCLUSIVE, ReplayResult.FAILED)


def worst(verdicts: Iterator[ReplayResult]) -> ReplayResult:
    """The one that counts for all of them; PASSED where there is none."""
    return max(verdicts, key=SEVERITY.index, default=ReplayResult.PASSED)


class Bounds(BaseModel):
    """Up to `pass` it passes, above `fail` it fails; between them it is inconclusive."""

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)

    passes: float = Field(alias="pass", ge=0, le=1000, allow_inf_nan=False)
    fails: float = Field(alias="fail", ge=0, le=1000, allow_inf_nan=False)

    @model_validator(mode="after")
    def _in_order(self) -> "Bounds":
        if self.passes > self.fails:
            raise ValueError(f"pass {self.passes:g} is above fail {self.fails:g}; what passes must not also fail")
        return self

    def judge(self, value: float) -> ReplayResult:
        """The verdict on one number."""
        if value <= self.passes:
            return ReplayResult.PASSED
        return ReplayResult.FAILED if value > self.fails else ReplayResult.INCONCLUSIVE


class Moved(Bounds):
    """The share of rows, 0 to 1, that may move by more than `by` spreads."""

    by: float = Field(gt=0, le=1000, allow_inf_nan=False)

    @field_validator("passes", "fails")
    @classmethod
    def _share(cls, share: float) -> float:
        if share > 1:
            raise ValueError(f"{share:g} is not a share of rows; a share is from 0 to 1")
        return share


class Limits(BaseModel):
    """Shifts in spreads: multiples of the distance from the 5th to the 95th percentile of the champion's predictions.

    mean_shift: of the absolute mean shift. p95_shift: of the 95th percentile of the absolute shifts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean_shift: Bounds
    p95_shift: Bounds
    moved: Moved


class ReplayEvidence(BaseModel):
    """What was seen at one circuit. candidate, champion: deployments; champion is None where no other one serves.

    fault, champion_fault, golden_fault: why there are no answers of the candidate, of the champion, to the golden input.
    repeated: rows that cannot be told from another row of the same deployment.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: Unit
    candidate: str
    champion: str | None
    fault: str = ""
    champion_fault: str = ""
    repeated: int = 0
    shift: Shift | None = None
    golden: GoldenAnswers | None = None
    golden_fault: str = ""


@dataclass(frozen=True)
class ReplayFinding:
    """One thing that was judged, in words with numbers."""

    name: str
    verdict: ReplayResult
    detail: str


@dataclass(frozen=True)
class ReplayVerdict:
    """All findings on one circuit; the worst counts."""

    unit: Unit
    findings: tuple[ReplayFinding, ...]

    @property
    def verdict(self) -> ReplayResult:
        """Of the circuit."""
        return worst(finding.verdict for finding in self.findings)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it did not pass, the worst first; why it did, where it did."""
        ordered = sorted(self.findings, key=lambda finding: -SEVERITY.index(finding.verdict))
        passed = self.verdict is ReplayResult.PASSED
        return tuple(f"{one.name}: {one.detail}" for one in ordered if passed or one.verdict is not ReplayResult.PASSED)


class Replay(BaseModel):
    """What is replayed, and what may come out.

    data: folder with {plant} and {circuit}. columns: of the output; all but `prediction` tell rows apart.
    rows_at_least: with fewer rows compared nothing is judged. timeout_minutes: of each scoring job.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: DatastorePath
    columns: tuple[str, ...] = Field(min_length=2)
    prediction: str
    rows_at_least: int = Field(ge=1)
    timeout_minutes: float = Field(default=15, gt=0, le=24 * 60, allow_inf_nan=False)
    limits: Limits
    golden: Golden | None = None

    @field_validator("data")
    @classmethod
    def _folder(cls, data: str) -> str:
        if not data.endswith("/"):
            raise ValueError(f"{data!r} is refused: a folder ends with /")
        return data

    @model_validator(mode="after")
    def _columns_known(self) -> "Replay":
        if len(set(self.columns)) < len(self.columns):
            raise ValueError(f"columns {', '.join(self.columns)}: one is listed twice")
        if self.prediction not in self.columns:
            raise ValueError(f"prediction {self.prediction!r} is not one of the columns {', '.join(self.columns)}")
        return self

    def data_for(self, unit: Unit) -> str:
        """The circuit's recent input."""
        return folder_for(self.data, unit)

    def verdict(self, evidence: ReplayEvidence) -> ReplayVerdict:
        """Everything that is to be said about one circuit."""
        return ReplayVerdict(evidence.unit, (*self._compared(evidence), *self._golden(evidence)))

    def _compared(self, seen: ReplayEvidence) -> Iterator[ReplayFinding]:
        if seen.champion is None:
            yield ReplayFinding(
                "Champion", ReplayResult.PASSED, "no other deployment serves here, so there is nothing to compare"
            )
            return
        if seen.fault:
            yield ReplayFinding("Candidate", ReplayResult.FAILED, f"{seen.candidate} gave no answers: {seen.fault}")
        if seen.champion_fault:
            detail = f"{seen.champion} gave no answers, so nothing was compared: {seen.champion_fault}"
            yield ReplayFinding("Champion", ReplayResult.INCONCLUSIVE, detail)
        if seen.repeated:
            detail = f"not told apart by {', '.join(self.key_columns)}, so nothing was compared: {seen.repeated}"
            yield ReplayFinding("Rows", ReplayResult.INCONCLUSIVE, detail)
        if seen.shift is not None:
            yield from self._rows(seen.shift)
            yield from self._numbers(seen.shift)
            if seen.shift.rows >= self.rows_at_least:
                yield from self._limits(seen.shift)
        elif not (seen.fault or seen.champion_fault or seen.repeated):
            yield ReplayFinding("Rows", ReplayResult.INCONCLUSIVE, "nothing was compared")

    @property
    def key_columns(self) -> tuple[str, ...]:
        """The columns that tell rows apart."""
        return tuple(name for name in self.columns if name != self.prediction)

    def _rows(self, shift: Shift) -> Iterator[ReplayFinding]:
        if shift.lost:
            detail = f"answered by the champion and not by the candidate: {shift.lost}"
            yield ReplayFinding("Rows", ReplayResult.FAILED, detail)
        if shift.extra:
            detail = f"answered by the candidate and not by the champion: {shift.extra}"
            yield ReplayFinding("Rows", ReplayResult.INCONCLUSIVE, detail)
        if shift.rows < self.rows_at_least:
            detail = f"{shift.rows} could be compared, but at least {self.rows_at_least} are needed: too few to judge a shift"
            yield ReplayFinding("Rows", ReplayResult.INCONCLUSIVE, detail)
        elif not shift.lost and not shift.extra:
            yield ReplayFinding(
                "Rows", ReplayResult.PASSED, f"{shift.rows} compared, at least {self.rows_at_least} needed"
            )

    def _numbers(self, shift: Shift) -> Iterator[ReplayFinding]:
        if shift.unusable:
            detail = f"rows where the candidate gave no finite number and the champion did: {shift.unusable}"
            yield ReplayFinding("Numbers", ReplayResult.FAILED, detail)
        if shift.champion_unusable:
            detail = f"rows where the champion gave no finite number, so not compared: {shift.champion_unusable}"
            yield ReplayFinding("Numbers", ReplayResult.INCONCLUSIVE, detail)

    def _limits(self, shift: Shift) -> Iterator[ReplayFinding]:
        moved = self.limits.moved
        yield _in_spreads("Mean shift", shift, shift.mean, self.limits.mean_shift)
        yield _in_spreads("95th percentile of shifts", shift, shift.p95, self.limits.p95_shift)
        if shift.spreads(shift.largest) is None:
            return  # every row that differs at all would count as moved
        detail = f"{shift.moved} of {shift.rows} rows ({shift.moved_share:.2%}) moved by more than {moved.by:g} spreads"
        yield ReplayFinding(
            "Moved rows",
            moved.judge(shift.moved_share),
            f"{detail}; passes up to {moved.passes:.2%}, fails above {moved.fails:.2%}",
        )

    def _golden(self, seen: ReplayEvidence) -> Iterator[ReplayFinding]:
        if self.golden is None or (tolerance := self.golden.tolerance_for(seen.unit)) is None:
            return
        if seen.golden is None:
            why = seen.golden_fault or "they were not checked"
            yield ReplayFinding("Golden answers", ReplayResult.FAILED, f"{seen.candidate} gave none: {why}")
        elif seen.golden.misses:
            detail = f"{seen.golden.misses} missed, {seen.golden.rows} expected: {'; '.join(seen.golden.examples)}"
            yield ReplayFinding("Golden answers", ReplayResult.FAILED, detail)
        else:
            detail = f"all {seen.golden.rows} within {tolerance:g}; the furthest off by {seen.golden.largest:.4g}"
            yield ReplayFinding("Golden answers", ReplayResult.PASSED, detail)


def _in_spreads(name: str, shift: Shift, amount: float, bounds: Bounds) -> ReplayFinding:
    spreads = shift.spreads(amount)
    if spreads is None:
        detail = (
            f"{amount:.4g}, and the champion's predictions hardly differ, so there is no spread to measure it against"
        )
        return ReplayFinding(name, ReplayResult.INCONCLUSIVE, detail)
    measured = f"{amount:.4g} is {spreads:.4g} of the champion's spread {shift.spread:.4g}"
    return ReplayFinding(
        name, bounds.judge(spreads), f"{measured}; passes up to {bounds.passes:g}, fails above {bounds.fails:g}"
    )

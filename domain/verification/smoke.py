"""The smoke test's verdict. (Seed 002, validation criteria of stage 2.)"""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from domain.datastore_path import DatastorePath, folder_for
from domain.unit import Unit


class SmokeEvidence(BaseModel):
    """What was seen. status: Azure ML's, or TimedOut. seconds: from invocation to end. rows: of predictions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: Unit
    job: str
    status: str
    seconds: float
    log_errors: tuple[str, ...]
    output_files: tuple[str, ...]
    columns: tuple[str, ...]
    rows: int


@dataclass(frozen=True)
class Check:
    """One line of the seed's table. A warning never fails the release."""

    name: str
    passed: bool
    detail: str
    warning: bool = False


@dataclass(frozen=True)
class SmokeVerdict:
    """All checks of one circuit."""

    unit: Unit
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether every check passed that is more than a warning."""
        return all(check.passed or check.warning for check in self.checks)

    @property
    def failures(self) -> tuple[str, ...]:
        """What failed, in words."""
        return tuple(f"{check.name}: {check.detail}" for check in self.checks if not check.passed and not check.warning)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What people should look at."""
        return tuple(f"{check.name}: {check.detail}" for check in self.checks if not check.passed and check.warning)


class SmokeTest(BaseModel):
    """A batch inference over test data. data: folder with {plant} and {circuit}. columns: of the expected output."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: DatastorePath
    timeout_minutes: float = Field(default=15, gt=0, le=24 * 60, allow_inf_nan=False)
    columns: tuple[str, ...] = Field(min_length=1)

    def data_for(self, unit: Unit) -> str:
        """The circuit's test data."""
        return folder_for(self.data, unit)

    def verdict(self, evidence: SmokeEvidence) -> SmokeVerdict:
        """Every row of the seed's table, in its order."""
        timed_out = evidence.status == "TimedOut" or evidence.seconds > self.timeout_minutes * 60
        wanted, found = sorted(self.columns), sorted(evidence.columns)
        limit = f"limit {self.timeout_minutes:g} min"
        return SmokeVerdict(
            evidence.unit,
            (
                Check("Job status", evidence.status == "Completed", f"{evidence.status} (job {evidence.job})"),
                Check("Execution time", not timed_out, f"{evidence.seconds:.1f} s, {limit}"),
                Check("Errors in logs", not evidence.log_errors, "; ".join(evidence.log_errors[:3]) or "none"),
                Check(
                    "Output files",
                    bool(evidence.output_files) and evidence.rows > 0,
                    f"{evidence.rows} rows in {', '.join(evidence.output_files)}"
                    if evidence.output_files
                    else "none was written",
                ),
                Check(
                    "Schema",
                    wanted == found,
                    f"columns {', '.join(found) or 'none'}; expected {', '.join(wanted)}",
                    warning=True,
                ),
            ),
        )

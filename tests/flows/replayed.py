"""A model whose answers can be shifted, and a replay that sees it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.ledger.fact import Fact
from domain.verification.replay import ReplayResult

SCORE = """
import csv
def init():
    pass
def run(files):
    return [f"{row['name']} {float(row['value']) + SHIFT}" for file in files for row in csv.DictReader(open(file))]
"""
REPLAY = {
    "data": "azureml://datastores/workspaceblobstore/paths/replay/{plant}/{circuit}/",
    "columns": ["name", "value"],
    "prediction": "value",
    "rows_at_least": 50,
    "timeout_minutes": 1,
    "limits": {
        "mean_shift": {"pass": 0.05, "fail": 0.5},
        "p95_shift": {"pass": 0.05, "fail": 0.5},
        "moved": {"by": 0.2, "pass": 0.0, "fail": 0.5},
    },
}
"""In spreads of the champion, which is 90 over the rows below."""


@dataclass(frozen=True)
class ReplayOutcome:
    """How a stage's replay ended. report: digest of the page; empty where nothing could be judged."""

    verdict: ReplayResult
    report: str
    failures: Mapping[str, str]
    doubts: Mapping[str, str]

    @classmethod
    def of(cls, failures: Mapping[str, str], facts: Sequence[Fact]) -> "ReplayOutcome":
        """What a replay returned, and the facts of kind REPLAYED after it: it wrote one unless a circuit's replay itself failed."""
        if facts:
            body = facts[-1].body
            found = {verdict: _reasons(body, verdict) for verdict in (ReplayResult.FAILED, ReplayResult.INCONCLUSIVE)}
            if found[ReplayResult.FAILED] == failures:
                return cls(ReplayResult(body["verdict"]), body["report"], failures, found[ReplayResult.INCONCLUSIVE])
        return cls(ReplayResult.FAILED if failures else ReplayResult.PASSED, "", failures, {})


def _reasons(body: Mapping[str, Any], verdict: ReplayResult) -> dict[str, str]:
    return {name: one["reasons"] for name, one in body["units"].items() if one["verdict"] == verdict}

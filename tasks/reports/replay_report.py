"""What a replay found, for people: one HTML page that needs nothing else, a table artifact, and the fact's few numbers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from domain.declaration.stage import Stage
from domain.release.manifest import Release
from domain.text import cut
from domain.verification.replay import SEVERITY, Replay, ReplayResult, ReplayVerdict
from tasks.reports.content import Tile
from tasks.reports.evidence_report import page_template
from tasks.reports.replay_plots import shift_plot
from tasks.verification.replay import Replayed

MOST_PLOTS = 12
MOST_ROWS = 50
"""Of the table artifact; the report has all circuits."""
MOST_REASON = 300
"""Characters of a circuit's reasons in fact and artifact: a thousand circuits must fit into one fact."""
TONES = {ReplayResult.PASSED: "good", ReplayResult.INCONCLUSIVE: "warn", ReplayResult.FAILED: "bad"}


@dataclass(frozen=True)
class Judged:
    """One circuit: what was seen, and what it means."""

    replayed: Replayed
    verdict: ReplayVerdict

    @property
    def circuit(self) -> str:
        """PLANT/CIRCUIT."""
        return str(self.verdict.unit)

    @property
    def reason(self) -> str:
        """All reasons, cut where they are long."""
        return cut("; ".join(self.verdict.reasons), MOST_REASON)

    @property
    def numbers(self) -> dict[str, float | int | None]:
        """rows compared; mean and p95 shift in spreads; share of moved rows, golden misses. None: not measured."""
        shift, golden = self.replayed.evidence.shift, self.replayed.evidence.golden
        return {
            "rows": shift.rows if shift else None,
            "mean_shift": _rounded(shift.spreads(shift.mean)) if shift else None,
            "p95_shift": _rounded(shift.spreads(shift.p95)) if shift else None,
            "moved_share": _rounded(shift.moved_share) if shift else None,
            "golden_misses": golden.misses if golden else None,
        }


def worst_first(declared: Replay, replayed: Sequence[Replayed]) -> list[Judged]:
    """Every circuit judged: the failed, the inconclusive, the passed; in each the largest shift first."""
    judged = [Judged(one, declared.verdict(one.evidence)) for one in replayed]
    return sorted(
        judged,
        key=lambda one: (
            -SEVERITY.index(one.verdict.verdict),
            -(one.numbers["p95_shift"] or 0.0),
            one.verdict.unit,
        ),
    )


def counts(judged: Sequence[Judged]) -> dict[ReplayResult, int]:
    """How many circuits have each verdict, the worst verdict first."""
    found = Counter(one.verdict.verdict for one in judged)
    return {verdict: found[verdict] for verdict in reversed(SEVERITY)}


def fact_units(judged: Sequence[Judged]) -> dict[str, dict[str, Any]]:
    """Circuit → champion, verdict, numbers and reason, as the ledger keeps them."""
    return {
        one.circuit: {
            "verdict": one.verdict.verdict.value,
            "champion": one.replayed.evidence.champion,
            **{name: number for name, number in one.numbers.items() if number is not None},
            **(
                {"reasons": one.reason}
                if one.verdict.verdict is not ReplayResult.PASSED or not one.numbers["rows"]
                else {}
            ),
        }
        for one in judged
    }


def artifact_rows(judged: Sequence[Judged]) -> list[dict[str, Any]]:
    """Counts, then what did not pass, `MOST_ROWS` at most."""
    rows = [_row("all", verdict, f"{count} of {len(judged)} circuits") for verdict, count in counts(judged).items()]
    exceptions = [one for one in judged if one.verdict.verdict is not ReplayResult.PASSED]
    room = MOST_ROWS - len(rows)
    shown = exceptions if len(exceptions) <= room else exceptions[: room - 1]
    rows += [_row(one.circuit, one.verdict.verdict, one.reason, **one.numbers) for one in shown]
    if len(shown) < len(exceptions):
        rows.append(_row("more", "", f"{len(exceptions) - len(shown)} more did not pass; the report has every one"))
    return rows


def _row(circuit: str, verdict: str, detail: str, **numbers: Any) -> dict[str, Any]:
    return {"circuit": circuit, "verdict": str(verdict), **numbers, "detail": detail}


def replay_report(release: Release, stage: Stage, declared: Replay, judged: Sequence[Judged]) -> str:
    """The page's text; equal arguments give equal bytes. judged: the worst first."""
    plotted = [one for one in judged if one.replayed.points.champion][:MOST_PLOTS]
    plots = [
        {
            "circuit": one.circuit,
            "drawing": shift_plot(one.circuit, one.replayed.points, declared.prediction, f"plot{number}"),
            "points": len(one.replayed.points.champion),
            "rows": one.numbers["rows"],
        }
        for number, one in enumerate(plotted, 1)
    ]
    return page_template("replay_report.html.jinja").render(
        release=release,
        digest=release.digest,
        stage=stage,
        policy_digest=stage.policy_digest,
        declared=declared,
        verdict=judged[0].verdict.verdict,
        tiles=[
            Tile(verdict.lower(), f"{count:,}", f"of {len(judged):,} circuits", TONES[verdict] if count else "")
            for verdict, count in counts(judged).items()
        ],
        tones=TONES,
        judged=judged,
        exceptions=[one for one in judged if one.verdict.verdict is not ReplayResult.PASSED],
        plots=plots,
        left_out=sum(bool(one.replayed.points.champion) for one in judged) - len(plots),
    )


def _rounded(number: float | None) -> float | None:
    """Four digits: a fact holds a thousand circuits."""
    return None if number is None else float(f"{number:.4g}")

"""The full report of a release at a gate: one HTML file that needs nothing else, made to be signed by its digest."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from domain.changed_circuits import ChangedCircuit
from domain.evaluation import Evaluation
from domain.fact import Fact, Kind, facts_of
from domain.gate import Gate
from domain.release import Release
from domain.stage import Stage
from tasks.data_reports import Row
from tasks.evidence import by_gain, change_of
from tasks.report_plots import circuit_plot, comparison_plot

if TYPE_CHECKING:
    import pandas as pd
    from jinja2 import Template

TEMPLATE = Path(__file__).with_name("evidence_report.html.jinja")
MOST_PLOTS = 24
"""Circuits that are plotted, the least improved first; the table has all."""


def evidence_report(
    release: Release,
    stage: Stage,
    gate: Gate,
    evaluation: Evaluation,
    serving: Mapping[str, str],
    facts: Sequence[Fact],
    predictions: "Mapping[str, pd.DataFrame | str]",
    data_reports: Mapping[str, tuple[Row, ...] | str],
) -> str:
    """The page's text; equal arguments give equal bytes.

    serving: circuit → what serves it at the stage now. predictions, data_reports: circuit → content, or why there is none.
    """
    units = by_gain(release.units, evaluation)
    plotted = units[:MOST_PLOTS]
    name = evaluation.metric
    compared = [
        (str(unit.unit), unit.metrics[name], (unit.champion_metrics or {}).get(name))
        for unit in plotted
        if name in unit.metrics
    ]
    return _template().render(
        release=release,
        digest=release.digest,
        policy_digest=stage.policy_digest,
        stage=stage,
        gate=gate,
        metric=name,
        direction=evaluation.direction.value,
        circuits=[_circuit(unit, evaluation, serving, stage) for unit in units],
        comparison=comparison_plot(compared, name) if compared else "",
        plots=[_plot(str(unit.unit), predictions) for unit in plotted],
        left_out=len(units) - len(plotted),
        data_reports=[(str(unit.unit), data_reports.get(str(unit.unit), "no data report is kept")) for unit in plotted],
        smoke=_smoke(facts),
        decisions=[fact.body["statement"] for fact in facts_of(facts, Kind.DECIDED) if "statement" in fact.body],
    )


def _circuit(unit: ChangedCircuit, evaluation: Evaluation, serving: Mapping[str, str], stage: Stage) -> dict[str, Any]:
    name = evaluation.metric
    now = f"version {unit.model_version}"
    return {
        "unit": str(unit.unit),
        "candidate": unit.metrics.get(name),
        "champion": (unit.champion_metrics or {}).get(name),
        "change": change_of(unit, evaluation),
        "from": serving.get(str(unit.unit), "nothing")
        if stage.target.kind != "model_registry"
        else "not in the registry",
        "to": now,
        "data": unit.data_asset,
        "cutoff": unit.cutoff_date.isoformat(),
        "job": unit.training_job,
        "model": f"{unit.model_name}:{unit.model_version}",
        "digest": unit.model_digest,
    }


def _plot(name: str, predictions: "Mapping[str, pd.DataFrame | str]") -> tuple[str, str, str]:
    """Circuit, drawing, and why there is none."""
    found = predictions.get(name, "no predictions were fetched")
    return (name, "", found) if isinstance(found, str) else (name, circuit_plot(name, found), "")


def _smoke(facts: Sequence[Fact]) -> list[tuple[str, list[dict[str, Any]]]]:
    found = [(fact.stage or "", list(fact.body.get("checks") or ())) for fact in facts_of(facts, Kind.VERIFIED)]
    return [(stage, checks) for stage, checks in found if checks]


@lru_cache(maxsize=1)
def _template() -> "Template":
    from jinja2 import Environment, StrictUndefined

    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return page.from_string(TEMPLATE.read_text())

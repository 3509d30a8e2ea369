"""The full report of a release at a gate: one HTML file that needs nothing else, made to be signed by its digest."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from domain.candidate.changed_circuits import ChangedCircuit
from domain.candidate.evaluation import Direction, Evaluation
from domain.declaration.gate import Gate
from domain.declaration.stage import Stage
from domain.ledger.fact import Fact
from domain.release.failed_units import active_units, failed_units
from domain.release.manifest import Release
from domain.rollout.champion import Champion
from domain.shown import shown_lines
from tasks.data.kept_report import Row
from tasks.reports.approval_form import by_gain, change_of, name_of, older
from tasks.reports.content import DataReport, compared, decisions, gains, smoke_tests, summary
from tasks.reports.plots import circuit_plot, comparison_plot, gains_plot
from tasks.verification.prediction_errors import PredictionsError, errors_of

if TYPE_CHECKING:
    import pandas as pd
    from jinja2 import Template

TEMPLATE = Path(__file__).with_name("evidence_report.html.jinja")
MOST_PLOTS = 24
"""Circuits that are plotted, the least improved first; the tables have all."""


def evidence_report(
    release: Release,
    stage: Stage,
    gate: Gate,
    evaluation: Evaluation,
    champions: Mapping[str, Champion],
    facts: Sequence[Fact],
    predictions: "Mapping[str, pd.DataFrame | str]",
    data_reports: Mapping[str, tuple[Row, ...] | str],
    form: str = "",
) -> str:
    """The page's text; equal arguments give equal bytes.

    champions: circuit → what the stage has of it now. predictions, data_reports: circuit → content, or why there is none.
    form: what approvers read above the form, kept in the page for those who sign elsewhere.
    """
    units = by_gain(active_units(release, facts), evaluation, champions)
    plotted = units[:MOST_PLOTS]
    lower_is_better = evaluation.direction is Direction.MINIMIZE
    rows, changes = compared(plotted, evaluation.metric), gains(units, evaluation)
    smoke, data = smoke_tests(facts), [_data_report(str(unit.unit), data_reports) for unit in plotted]
    return page_template(TEMPLATE.name).render(
        release=release,
        digest=release.digest,
        policy_digest=stage.policy_digest,
        stage=stage,
        gate=gate,
        not_by=[(role.value.replace("_", " "), release.people(role)) for role in gate.not_by],
        tiles=list(summary(units, evaluation, data, smoke)),
        metric=evaluation.metric,
        better="lower" if lower_is_better else "higher",
        circuits=[_circuit(unit, evaluation, champions.get(str(unit.unit))) for unit in units],
        no_rollback={name: one.fault for name, one in champions.items() if one.fault},
        older=older(units, champions),
        failed_units=failed_units(facts),
        comparison=comparison_plot(rows, evaluation.metric, lower_is_better) if rows else "",
        all_gains=gains_plot(changes) if changes and len(units) > len(plotted) else "",
        plots=[_plot(str(unit.unit), predictions, f"plot{number}") for number, unit in enumerate(plotted, 1)],
        left_out=len(units) - len(plotted),
        data=data,
        smoke=smoke,
        decisions=decisions(facts),
        form=form,
    )


class _Form(HTMLParser):
    """The text of the element whose id is `form`."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self._inside = "", False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = self._inside or ("id", "form") in attrs

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.text += data


def form_of(page: str) -> str:
    """What approvers read above the form; empty in a report of before."""
    found = _Form()
    found.feed(page)
    return found.text


def _circuit(unit: ChangedCircuit, evaluation: Evaluation, champion: Champion | None) -> dict[str, Any]:
    """A row of the tables."""
    name = evaluation.metric
    return {
        "unit": str(unit.unit),
        "candidate": unit.metrics.get(name),
        "champion": (unit.champion_metrics or {}).get(name),
        "champion_version": unit.champion_version,
        "change": change_of(unit, evaluation, champion),
        "from": name_of(champion),
        "version": unit.model_version,
        "model": unit.model_name,
        "data": unit.data_asset,
        "cutoff": unit.cutoff_date.isoformat(),
        "publisher": unit.data_publisher,
        "data_report": unit.data_report_digest,
        "job": unit.training_job,
        "digest": unit.model_digest,
    }


def _plot(circuit: str, predictions: "Mapping[str, pd.DataFrame | str]", name: str) -> dict[str, Any]:
    """Circuit and drawing, or why there is none."""
    found = predictions.get(circuit, "no predictions were fetched")
    if isinstance(found, str):
        return {"circuit": circuit, "drawing": "", "why": found, "left_out": 0}
    try:
        errors = errors_of(found)
    except PredictionsError as error:
        return {"circuit": circuit, "drawing": "", "why": str(error), "left_out": 0}
    drawing = circuit_plot(circuit, errors, name)
    return {"circuit": circuit, "drawing": drawing, "why": "", "left_out": errors.left_out}


def _data_report(circuit: str, reports: Mapping[str, tuple[Row, ...] | str]) -> DataReport:
    found = reports.get(circuit, "no data report is kept")
    return DataReport(circuit, (), found) if isinstance(found, str) else DataReport(circuit, found, "")


def _finished(value: object) -> object:
    """What is put into a page: texts from outside without what would change how the page reads; our own drawings as they are."""
    return shown_lines(value) if type(value) is str else value


@lru_cache(maxsize=2)
def page_template(name: str) -> "Template":
    """A page of this folder; everything put into it is escaped, and nothing may be missing."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    page = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FileSystemLoader(TEMPLATE.parent),
        finalize=_finished,
    )
    return page.get_template(name)

"""What approvers are shown, gathered from the ledger, from Azure and from training."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from blocks.ledger import Ledger
from blocks.loading import loaded
from blocks.model_registry import ModelRegistry
from blocks.workspace import Workspace
from domain.candidate.changed_circuits import ChangedCircuit
from domain.canonical_json import digest_of
from domain.declaration.gate import Gate
from domain.declaration.stage import Stage
from domain.declaration.target import ModelRegistryTarget, ServingTarget
from domain.declaration.workload import Workload
from domain.errors import Terminal
from domain.ledger.fact import Fact
from domain.release.failed_units import active_units
from domain.release.manifest import Release
from domain.rollout.champion import Champion
from domain.unit import Unit
from flows.fan_out.each import map_split
from tasks.artifacts import show_page
from tasks.data.kept_report import Row, data_report
from tasks.ledger.facts import keep_document
from tasks.ledger.holds import holds_on
from tasks.ledger.kept_reports import report_path
from tasks.platforms import platform_of
from tasks.reports.approval_form import by_gain, gate_evidence
from tasks.reports.evidence_report import MOST_PLOTS, evidence_report
from tasks.targets.champions import champions_of, newest_in_registry
from tasks.training.predictions import fetch_predictions

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Evidence:
    """champions: circuit → what the stage has of it now; circuits of which it has nothing are left out.

    held: circuit → that its model was rolled back before, and who ended the hold.
    """

    champions: dict[str, Champion]
    held: dict[str, str]


def gather(ledger: Ledger, workload: Workload, release: Release, stage: Stage) -> Evidence:
    """What the form shows besides the facts."""
    holds = holds_on(ledger, workload.name, {unit.model_digest for unit in release.units})
    held = {one.unit: f"{one}; {f'ended by {one.lifted}' if one.lifted else 'held'}" for one in holds}
    registry = loaded(ModelRegistry, workload.model_registry)
    found: dict[Unit, Champion] = {}
    if isinstance(stage.target, ServingTarget):
        found = champions_of(platform_of(workload, stage.target), [unit.unit for unit in release.units], registry)
    elif isinstance(stage.target, ModelRegistryTarget):
        found = newest_in_registry(registry, release.units)
    return Evidence({str(unit): one for unit, one in found.items()}, held)


def keep_report(
    ledger: Ledger,
    workload: Workload,
    release: Release,
    stage: Stage,
    gate: Gate,
    evidence: Evidence,
    facts: Sequence[Fact],
) -> str:
    """Make the report and keep it beside the ledger; returns its digest, which approvers sign."""
    units = by_gain(active_units(release, facts), workload.evaluation, evidence.champions)[:MOST_PLOTS]
    form = gate_evidence(release, stage, gate, workload.evaluation, evidence.champions, facts, held=evidence.held)
    page = evidence_report(
        release,
        stage,
        gate,
        workload.evaluation,
        evidence.champions,
        facts,
        _predictions(units),
        {str(unit.unit): _data_report(ledger, workload, unit) for unit in units},
        form,
    )
    digest = digest_of(page.encode())
    keep_document(ledger, report_path(release.workload, release.name, stage.name, digest), page)
    show_page(
        form,
        key=f"evidence-{stage.name}",
        description=f"{gate.name}, release {release.name}, report {digest}",
    )
    return digest


def _predictions(units: Sequence[ChangedCircuit]) -> "dict[str, pd.DataFrame | str]":
    """Circuit → predictions, or why there are none: a report without a plot is better than a release without a gate."""
    dev = loaded(Workspace, "dev")
    found, missing = map_split(fetch_predictions, {str(unit.unit): (dev, unit) for unit in units}, "fetch predictions")
    return {**found, **missing}


def _data_report(ledger: Ledger, workload: Workload, unit: ChangedCircuit) -> tuple[Row, ...] | str:
    try:
        return data_report(ledger, workload.name, unit)
    except Terminal as error:
        return str(error)

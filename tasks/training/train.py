"""One circuit's way from registered data to a registered candidate, or to staying with the champion."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from prefect import get_run_logger, task

from blocks.model_registry import ModelRegistry
from blocks.workspace import Workspace
from domain.candidate.changed_circuits import ChangedCircuit
from domain.declaration.workload import Workload
from domain.errors import Terminal
from domain.naming import artifact_key
from domain.outcome import Outcome
from domain.tags import NO_CHAMPION, WORKLOAD, champion_in
from domain.unit import Unit
from tasks.artifacts import show_table
from tasks.azure_ml.datasets import DataAsset, newest_data
from tasks.azure_ml.models import Model, models_of, register_model
from tasks.azure_ml.pipelines import JobInput, PublishedPipeline, download_output, run_pipeline
from tasks.flow_run import short_run_id
from tasks.retries import RETRIED
from tasks.targets.ownership import must_be_ours
from tasks.targets.platform import Platform
from tasks.training.champion import ChampionModel, champion_of
from tasks.training.evaluations import evaluation_of, numbers


@dataclass(frozen=True)
class TrainedUnit:
    """What became of a circuit: SUCCEEDED with the candidate, or NOT_PROMOTED with the reason."""

    unit: Unit
    outcome: Outcome
    reason: str
    changed: ChangedCircuit | None


@task(name="train", **RETRIED)
def train_unit(
    dev: Workspace,
    production: Platform,
    registry: ModelRegistry,
    workload: Workload,
    unit: Unit,
    cutoff: date,
    published: PublishedPipeline,
    compute: str,
) -> TrainedUnit:
    """Train, compare with the champion on the same held-out rows, register what is better.

    A candidate that is registered for this data already, by a run that ended early, is taken as it is.
    """
    data, _ = newest_data(dev, workload.data_asset_name(unit), cutoff)
    if data is None:
        raise Terminal(
            f"{unit} has no registered data up to {cutoff}: run extract-prepare for that cutoff date first and see why "
            "the circuit stopped there"
        )
    must_be_ours(dev, workload, data, data.tags.get("job", ""))
    registered = _registered_for(dev, workload, unit, data)
    if registered is not None:
        return TrainedUnit(
            unit, Outcome.SUCCEEDED, "registered by an earlier run", _changed(unit, cutoff, data, registered)
        )

    champion = champion_of(production, registry, unit)
    inputs: dict[str, JobInput | str | int | float] = {
        "data": JobInput("mltable", data.uri),
        "cutoff_date": cutoff.isoformat(),
        "holdout_days": workload.training.holdout_days,
    }
    if champion is not None:
        inputs |= {"champion": JobInput("custom_model", champion.uri), "champion_digest": champion.digest}
    job = run_pipeline(
        dev,
        published,
        job_name=f"train-{workload.model_name(unit)}-{cutoff.isoformat()}-{short_run_id()}",
        experiment=f"{workload.name}-train",
        compute=compute,
        inputs=inputs,
        tags={WORKLOAD: workload.name, "plant_id": unit.plant, "circuit_id": unit.circuit},
    ).must_have_completed(f"training {unit}")

    with tempfile.TemporaryDirectory() as place:
        evaluation = evaluation_of(dev, job.name)
        judgement = workload.evaluation.judge(evaluation["candidate"], evaluation.get("champion"))
        get_run_logger().info("%s: %s", unit, judgement.reason)
        if not judgement.better:
            return TrainedUnit(unit, Outcome.NOT_PROMOTED, judgement.reason, None)
        files = download_output(dev, job.name, "model", Path(place))
        tags = {WORKLOAD: workload.name, **_tags(unit, cutoff, data, job.name, evaluation, champion)}
        model = register_model(dev, workload.model_name(unit), files, tags)
    return TrainedUnit(unit, Outcome.SUCCEEDED, judgement.reason, _changed(unit, cutoff, data, model))


def _registered_for(dev: Workspace, workload: Workload, unit: Unit, data: DataAsset) -> Model | None:
    """The candidate of this data; Terminal where the circuit's models are another workload's."""
    asset, models = f"{data.name}:{data.version}", models_of(dev, workload.model_name(unit))
    found = [model for model in models if model.tags.get("data_asset") == asset]
    for model in {one.version: one for one in (*models[-1:], *found[-1:])}.values():
        must_be_ours(dev, workload, model, model.tags.get("training_job", ""))
    return found[-1] if found else None


def _tags(
    unit: Unit, cutoff: date, data: DataAsset, job: str, evaluation: Mapping[str, Any], champion: ChampionModel | None
) -> dict[str, str]:
    return {
        "validated": "true",
        "cutoff_date": cutoff.isoformat(),
        "plant_id": unit.plant,
        "circuit_id": unit.circuit,
        "data_asset": f"{data.name}:{data.version}",
        "training_job": job,
        "metrics": json.dumps(numbers(evaluation["candidate"]), sort_keys=True),
        "champion_version": champion.version if champion else NO_CHAMPION,
        "champion_metrics": json.dumps(numbers(evaluation.get("champion")), sort_keys=True),
    }


def _changed(unit: Unit, cutoff: date, data: DataAsset, model: Model) -> ChangedCircuit:
    champion_metrics = json.loads(model.tags.get("champion_metrics", "{}"))
    return ChangedCircuit(
        plant_id=unit.plant,
        circuit_id=unit.circuit,
        model_name=model.name,
        model_version=model.version,
        model_digest=model.digest,
        data_asset=f"{data.name}:{data.version}",
        cutoff_date=cutoff,
        data_report_digest=data.tags["report_digest"],
        data_publisher=data.publisher,
        training_job=model.tags["training_job"],
        metrics=json.loads(model.tags["metrics"]),
        champion_version=champion_in(model.tags),
        champion_metrics=champion_metrics or None,
    )


def report_training(workload: str, cutoff: date, trained: Sequence[TrainedUnit], faults: Mapping[str, str]) -> None:
    """A table artifact: what became of each circuit and why."""
    rows = [
        {
            "circuit": str(one.unit),
            "outcome": one.outcome.value,
            "reason": one.reason,
            "model": one.changed.model_version if one.changed else "",
        }
        for one in trained
    ]
    rows += [
        {"circuit": unit, "outcome": Outcome.FAILED.value, "reason": fault, "model": ""}
        for unit, fault in faults.items()
    ]
    show_table(
        rows,
        key=artifact_key(workload, "trained"),
        description=f"Candidates of {workload}, data up to {cutoff.isoformat()}",
    )

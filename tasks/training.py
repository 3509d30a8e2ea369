"""One circuit's way from registered data to a registered candidate, or to staying with the champion."""

import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from prefect import get_run_logger, task
from prefect.artifacts import create_table_artifact

from blocks.model_registry import ModelRegistry
from blocks.workspace import Workspace
from domain.changed_circuits import ChangedCircuit
from domain.errors import Terminal
from domain.naming import artifact_key, data_asset_name, model_name
from domain.outcome import Outcome
from domain.unit import Unit
from domain.workload import Workload
from tasks.champion import Champion, champion_of
from tasks.datasets import DataAsset, newest_data
from tasks.models import Model, models_of, register_model
from tasks.pipelines import JobInput, PublishedPipeline, download_output, run_pipeline
from tasks.platform import Platform
from tasks.retries import RETRIED
from tasks.run import short_run_id


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
    data, _ = newest_data(dev, data_asset_name(unit), cutoff)
    if data is None:
        raise Terminal(
            f"{unit} has no registered data up to {cutoff}: run extract-prepare for that cutoff date first and see why "
            "the circuit stopped there"
        )
    registered = _registered_for(dev, unit, data)
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
    job = run_pipeline.fn(
        dev,
        published,
        job_name=f"train-{model_name(unit)}-{cutoff.isoformat()}-{short_run_id()}",
        experiment=f"{workload.name}-train",
        compute=compute,
        inputs=inputs,
        tags={"workload": workload.name, "plant_id": unit.plant, "circuit_id": unit.circuit},
    ).must_have_completed(f"training {unit}")

    with tempfile.TemporaryDirectory() as place:
        evaluation = _evaluation(download_output.fn(dev, job.name, "evaluation", Path(place)) / "evaluation.json")
        judgement = workload.evaluation.judge(evaluation["candidate"], evaluation.get("champion"))
        get_run_logger().info("%s: %s", unit, judgement.reason)
        if not judgement.better:
            return TrainedUnit(unit, Outcome.NOT_PROMOTED, judgement.reason, None)
        files = download_output.fn(dev, job.name, "model", Path(place))
        tags = _tags(unit, cutoff, data, job.name, evaluation, champion)
        model = register_model.fn(dev, model_name(unit), files, tags)
    return TrainedUnit(unit, Outcome.SUCCEEDED, judgement.reason, _changed(unit, cutoff, data, model))


def _evaluation(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text())
        candidate = document["candidate"]
    except (OSError, ValueError, KeyError) as error:
        raise Terminal(
            f"the evaluate step wrote no usable evaluation.json ({error}); it needs `candidate` with metrics"
        ) from error
    if not isinstance(candidate, dict):
        raise Terminal("evaluation.json: `candidate` must be an object of metrics")
    return dict(document)


def _registered_for(dev: Workspace, unit: Unit, data: DataAsset) -> Model | None:
    asset = f"{data.name}:{data.version}"
    found = [model for model in models_of(dev, model_name(unit)) if model.tags.get("data_asset") == asset]
    return found[-1] if found else None


def _tags(
    unit: Unit, cutoff: date, data: DataAsset, job: str, evaluation: Mapping[str, Any], champion: Champion | None
) -> dict[str, str]:
    return {
        "validated": "true",
        "cutoff_date": cutoff.isoformat(),
        "plant_id": unit.plant,
        "circuit_id": unit.circuit,
        "data_asset": f"{data.name}:{data.version}",
        "training_job": job,
        "metrics": json.dumps(_numbers(evaluation["candidate"]), sort_keys=True),
        "champion_version": champion.version if champion else "none",
        "champion_metrics": json.dumps(_numbers(evaluation.get("champion") or {}), sort_keys=True),
    }


def _numbers(metrics: Mapping[str, Any]) -> dict[str, float]:
    return {
        name: float(value) for name, value in metrics.items() if isinstance(value, int | float) and math.isfinite(value)
    }


def _changed(unit: Unit, cutoff: date, data: DataAsset, model: Model) -> ChangedCircuit:
    champion_metrics = json.loads(model.tags.get("champion_metrics", "{}"))
    champion = model.tags.get("champion_version", "none")
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
        champion_version=None if champion == "none" else champion,
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
    create_table_artifact(
        rows,
        key=artifact_key(workload, "trained"),
        description=f"Candidates of {workload}, data up to {cutoff.isoformat()}",
    )

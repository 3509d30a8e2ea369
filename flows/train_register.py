"""Registered data → candidates that are better than what serves. (Seed 001, pipeline 2.)"""

from datetime import date
from typing import Any

from prefect import flow, get_run_logger, runtime
from prefect.events import emit_event

from blocks.ledger import Ledger
from blocks.loading import loaded
from blocks.model_registry import ModelRegistry
from blocks.workspace import Workspace
from domain.candidate.changed_circuits import ChangedCircuits, changed_path
from domain.errors import Terminal
from flows.fan_out.each import FAN_OUT, map_units
from flows.stage.ownership import must_be_own
from tasks.artifacts import show_table
from tasks.azure_ml.compute import delete_compute, ensure_compute
from tasks.azure_ml.pipelines import publish_pipeline
from tasks.flow_run import code_author, code_commit
from tasks.ledger.facts import keep_document
from tasks.platforms import platform_of
from tasks.run_names import run_name
from tasks.training.train import TrainedUnit, report_training, train_unit
from tasks.workloads import declared_workload, production_of

MODELS_REGISTERED = "signalbox.models.registered"
MOST_SHOWN = 100


@flow(
    name="train-register",
    flow_run_name=run_name("train-register {workload} {cutoff_date}"),
    task_runner=FAN_OUT,
)
def train_register(
    workload: str = "plants",
    cutoff_date: date | None = None,
    circuits: list[str] | None = None,
    until: str | None = None,
) -> ChangedCircuits | None:
    """Train and evaluate every circuit's candidate; register what is better than the champion.

    cutoff_date: of registered data; required. circuits: "PLANT/CIRCUIT" names; all when left out. until: the stage whose
    version is the champion; the last when left out. None when no circuit has a
    better candidate, which is a normal end. Otherwise changed_circuits.json is kept and `signalbox.models.registered` emitted.
    The compute that the workload made is deleted at the end, also when training failed, unless another job needs it.
    """
    logger = get_run_logger()
    declared = declared_workload(workload).up_to(until)
    if cutoff_date is None:
        raise Terminal("which data? give cutoff_date, the cutoff of registered data, such as 2014-12-31")
    units = declared.chosen_units(circuits)
    dev, ledger = loaded(Workspace, "dev"), loaded(Ledger, "ledger")
    production = platform_of(declared, production_of(declared))
    registry = loaded(ModelRegistry, declared.model_registry)

    must_be_own(ledger, declared, units, (*declared.registries, declared.stages[-1]))
    compute = ensure_compute(dev, declared.training.compute, declared.name)
    try:
        published = publish_pipeline(dev, declared.folder / declared.training.pipeline)
        calls = {
            str(unit): (dev, production, registry, declared, unit, cutoff_date, published, compute) for unit in units
        }
        results = map_units(train_unit, calls, "train")
    finally:
        delete_compute(dev, compute, declared.name)

    trained = [result for result in results.values() if isinstance(result, TrainedUnit)]
    faults = {name: str(result) for name, result in results.items() if not isinstance(result, TrainedUnit)}
    report_training(declared.name, cutoff_date, trained, faults)
    for one in trained:
        logger.info("%s: %s (%s)", one.unit, one.outcome, one.reason)
    for name, fault in faults.items():
        logger.error("%s stops here: %s", name, fault)
    changed = tuple(one.changed for one in trained if one.changed is not None)
    if not changed:
        if faults:
            raise Terminal("no candidate was registered, and these circuits failed: " + "; ".join(faults))
        logger.info("No circuit has a better candidate than its champion; there is nothing to release.")
        return None
    document = ChangedCircuits(
        workload=declared.name,
        build_id=str(runtime.flow_run.id),
        code_commit=code_commit(declared),
        code_author=code_author(declared),
        circuits=changed,
    )
    hand_over(ledger, document)
    return document


def hand_over(ledger: Ledger, document: ChangedCircuits) -> None:
    """Keep changed_circuits.json, show what is in it, and tell those who wait for it.

    The event names the build: a thousand circuits are more than Prefect takes as a run's parameter.
    """
    text = document.to_json()
    path = changed_path(document.workload, document.build_id)
    keep_document(ledger, changed_path(document.workload), text)
    keep_document(ledger, path, text)
    rows: list[dict[str, Any]] = [
        {"circuit": str(one.unit), "model": f"{one.model_name}:{one.model_version}", **one.metrics}
        for one in document.circuits[:MOST_SHOWN]
    ]
    show_table(
        rows,
        key="changed-circuits",
        description=f"{len(document.circuits)} circuits of {document.workload} changed, kept as `{path}`; the first {len(rows)}",
    )
    emit_event(
        MODELS_REGISTERED,
        resource={"prefect.resource.id": f"signalbox.workload.{document.workload}"},
        payload={"workload": document.workload, "build": document.build_id},
    )

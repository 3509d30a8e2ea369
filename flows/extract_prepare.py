"""Raw data → validated, registered data, a circuit at a time. (Seed 001, pipeline 1; seed 002, per-circuit MLTable.)"""

from datetime import UTC, date, datetime, timedelta

from prefect import flow, get_run_logger
from prefect.events import emit_event

from blocks.ledger import Ledger
from blocks.loading import loaded
from blocks.workspace import Workspace
from domain.candidate.cutoff import check_cutoff
from domain.errors import Terminal
from flows.fan_out.each import FAN_OUT, map_units
from tasks.azure_ml.compute import ensure_compute
from tasks.azure_ml.pipelines import publish_pipeline
from tasks.data.prepare import PreparedUnit, prepare_unit, report_preparation
from tasks.run_names import run_name
from tasks.workloads import declared_workload

DATA_REGISTERED = "signalbox.data.registered"
SOURCE_PUSHED = "signalbox.source.pushed"
"""What a job of the repository's CI tells us; a push to `main` begins here."""


@flow(
    name="extract-prepare",
    flow_run_name=run_name("extract-prepare {workload} {cutoff_date}"),
    task_runner=FAN_OUT,
    log_prints=False,
)
def extract_prepare(
    workload: str = "plants", cutoff_date: date | None = None, circuits: list[str] | None = None
) -> list[PreparedUnit]:
    """Prepare, validate and register the data of every circuit up to a day.

    cutoff_date: last day of data, UTC; yesterday when left out. circuits: "PLANT/CIRCUIT" names; all when left out.
    A circuit with bad data stops, with every failed expectation named, and the others go on. When something is registered
    the event `signalbox.data.registered` is emitted.
    """
    logger = get_run_logger()
    declared = declared_workload(workload)
    today = datetime.now(UTC).date()
    cutoff = cutoff_date or today - timedelta(days=1)
    check_cutoff(cutoff, today, declared.data.starts)
    units = declared.chosen_units(circuits)

    dev, ledger = loaded(Workspace, "dev"), loaded(Ledger, "ledger")
    compute = ensure_compute(dev, declared.training.compute, declared.name)
    published = publish_pipeline(dev, declared.folder / declared.data.pipeline)
    calls = {str(unit): (dev, ledger, declared, unit, cutoff, published, compute) for unit in units}
    prepared = map_units(prepare_unit, calls, "prepare")

    good = [result for result in prepared.values() if isinstance(result, PreparedUnit)]
    faults = {name: str(result) for name, result in prepared.items() if not isinstance(result, PreparedUnit)}
    report_preparation(declared.name, cutoff, good, faults)
    for unit, fault in faults.items():
        logger.error("%s stops here: %s", unit, fault)
    if not good:
        raise Terminal("no circuit has valid data, so nothing was registered: " + "; ".join(faults.values()))
    emit_event(
        DATA_REGISTERED,
        resource={"prefect.resource.id": f"signalbox.workload.{declared.name}"},
        payload={
            "workload": declared.name,
            "cutoff_date": cutoff.isoformat(),
            "circuits": [str(item.unit) for item in good],
        },
    )
    return good

"""How a candidate was made, read back from the model's registration, its training job and its data asset."""

from prefect import task

from blocks.workspace import Workspace
from domain.candidate.changed_circuits import ChangedCircuit
from domain.candidate.training_record import TrainingRecord, differences
from domain.declaration.workload import Workload
from domain.errors import Terminal
from domain.tags import CUTOFF, champion_in
from tasks.azure_ml.datasets import find_data
from tasks.azure_ml.models import find_model
from tasks.retries import RETRIED
from tasks.targets.ownership import must_be_ours
from tasks.training.evaluations import evaluation_of, numbers


@task(name="check training", **RETRIED)
def check_training(dev: Workspace, workload: Workload, circuit: ChangedCircuit) -> None:
    """Terminal where what was handed over is not what Azure has of how the candidate was made, or is another workload's."""
    found = differences(circuit, training_record(dev, workload, circuit))
    if found:
        raise Terminal(
            f"{circuit.unit} was handed over with {'; '.join(found)}. Nothing was released. Find out who wrote that, and train again"
        )


def training_record(dev: Workspace, workload: Workload, circuit: ChangedCircuit) -> TrainingRecord:
    """What Azure has; Terminal where any of it is no longer there, or is another workload's."""
    name, version = circuit.model_name, circuit.model_version
    model = find_model(dev, name, version)
    if model is None:
        raise Terminal(f"workspace {dev.workspace_name} has no model {name}:{version}, so nothing says how it was made")
    asset, _, asset_version = circuit.data_asset.partition(":")
    data = find_data(dev, asset, asset_version)
    if data is None:
        raise Terminal(
            f"workspace {dev.workspace_name} has no data asset {circuit.data_asset}, so nothing says what its data was"
        )
    job = model.tags.get("training_job", "")
    if not job:
        raise Terminal(
            f"model {name}:{version} in {dev.workspace_name} names no training job, so nothing says how it was made"
        )
    must_be_ours(dev, workload, model, job)
    must_be_ours(dev, workload, data, data.tags.get("job", ""))
    evaluation = evaluation_of(dev, job)
    return TrainingRecord(
        model.digest,
        model.tags.get("data_asset", ""),
        job,
        champion_in(model.tags),
        numbers(evaluation["candidate"]),
        numbers(evaluation.get("champion")),
        data.publisher,
        data.tags.get("report_digest", ""),
        data.tags.get(CUTOFF, ""),
    )

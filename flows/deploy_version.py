"""A chosen version to a chosen stage. (Seed 001, custom QA.)"""

from prefect import flow, get_run_logger, runtime
from prefect.client.schemas.objects import State

from blocks.ledger import Ledger
from blocks.loading import loaded
from blocks.model_registry import ModelRegistry
from domain.candidate.changed_circuits import ChangedCircuits
from domain.declaration.target import ServingTarget
from domain.errors import Terminal
from domain.outcome import ReleaseOutcome
from flows.fan_out.each import FAN_OUT
from flows.promotion.advance import advance
from flows.promotion.final_state import final_state
from flows.promotion.start import start
from tasks.azure_ml.models import published_circuit
from tasks.flow_run import code_author, code_commit
from tasks.places import placed
from tasks.run_names import run_name
from tasks.workloads import declared_workload


@flow(
    name="deploy-version", flow_run_name=run_name("deploy {circuit} version {version} to {stage}"), task_runner=FAN_OUT
)
def deploy_version(
    circuit: str,
    version: str,
    stage: str = "test",
    workload: str = "plants",
    requested_by: str = "somebody by hand",
    older: bool = False,
) -> "State[str]":
    """Deploy one version of one circuit's model from the registry to one stage; the stage's gate and verification apply.

    circuit: "PLANT/CIRCUIT". version: of the model in the registry. requested_by: who asked, by the name that approvers go by,
    because nobody approves their own work; Terminal where it is empty. older: also a model of older data than the one that the stage serves.
    """
    if not requested_by.strip(" <>"):
        raise Terminal(
            "nothing says who asked for this, so anybody could approve their own work. The payload of signalbox.source.pushed "
            "needs an `author`, `Name <address>`; by hand, fill in requested_by"
        )
    declared = placed(declared_workload(workload))
    chosen = declared.stage(stage)
    if not isinstance(chosen.target, ServingTarget):
        raise Terminal(f"nothing is deployed at stage {stage}; its target is {chosen.target.kind}")
    unit = declared.chosen_units([circuit])[0]
    registry = loaded(ModelRegistry, declared.model_registry)
    changed = ChangedCircuits(
        workload=workload,
        build_id=str(runtime.flow_run.id),
        code_commit=code_commit(declared),
        code_author=code_author(declared),
        circuits=(published_circuit(registry, declared.name, declared.model_name(unit), version),),
    )
    ledger = loaded(Ledger, "ledger")
    stages = (*declared.images_for(chosen), chosen)
    manifest = start(ledger, declared, changed, requested_by, stages, older, only=stage)
    if isinstance(manifest, ReleaseOutcome):
        return final_state(manifest)
    get_run_logger().info("Release %s carries %s version %s to %s", manifest.name, unit, version, stage)
    return final_state(advance(ledger, declared, manifest, stages))

"""Stages 2 and 3: deploy all, verify all, write the journal, switch all, read back. (Seed 002; a fleet moves as one.)"""

from collections.abc import Sequence
from datetime import UTC, datetime

from prefect import get_run_logger
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from blocks.ledger import Ledger
from blocks.loading import loaded
from blocks.model_registry import ModelRegistry
from blocks.workspace import Workspace
from domain.ask import standing_ask
from domain.fact import Kind, facts_of
from domain.naming import deployment_name
from domain.release import Release
from domain.smoke import SmokeTest, SmokeVerdict
from domain.stage import BatchEndpointTarget, Stage
from domain.tags import deployment_tags, utc_text
from domain.workload import Compute, Workload
from flows.admitting import must_admit
from flows.declared import registry_of
from flows.fan_out import gathered
from flows.replaying import replay_stage
from flows.switching import settle, switch_fleet
from tasks.batch_endpoints import DeploymentRequest, deploy, serving_of
from tasks.compute import ensure_compute
from tasks.evidence import deployment_summary
from tasks.lease import HeldStage
from tasks.ledger import read_facts, record
from tasks.models import check_model
from tasks.serving import naming_of
from tasks.smoke import smoke


class Doubted(Exception):  # noqa: N818 — no error: people are asked
    """The replay left doubts, and nobody was asked about them yet. doubts: circuit → reason."""

    def __init__(self, doubts: dict[str, str]) -> None:
        self.doubts = doubts
        super().__init__("; ".join(f"{name}: {reason}" for name, reason in doubts.items()))


def deploy_stage(
    ledger: Ledger,
    workload: Workload,
    release: Release,
    stage: Stage,
    target: BatchEndpointTarget,
    before: Sequence[Stage],
    held: HeldStage,
) -> dict[str, str]:
    """Carry every circuit to the stage; circuit → reason when it failed, and then nothing was switched or all went back.

    Raises Doubted when people have to look at the replay first. before: the stages below. Whether the stage admits the
    release is asked again just before the switch.
    """
    workspace = loaded(Workspace, target.workspace)
    settle(ledger, workspace, workload.name, stage.name, held, release.name)
    held.announce((release.name,) if release.name in held.left else ())
    ensure_compute(
        workspace, Compute(name=target.compute, size=target.vm_size, max_instances=max(4, target.instance_count))
    )
    requests = _requests(workspace, workload, release)

    _, failures = gathered(
        {name: deploy.submit(workspace, target, workload, request) for name, request in requests.items()}
    )
    if failures:
        return failures
    _once(ledger, release, Kind.DEPLOYED, stage, {"deployment": deployment_name(release.name)})

    checks: list[dict[str, object]] = []
    if stage.verification is not None and not _recorded(ledger, release, Kind.VERIFIED, stage):
        verdicts, failures = _smoke(workspace, stage.verification, release, requests)
        checks = _report(stage, release, verdicts)
        failures |= {str(verdict.unit): "; ".join(verdict.failures) for verdict in verdicts if not verdict.passed}
        if failures:
            return failures
    _once(ledger, release, Kind.VERIFIED, stage, {"passed": True, "checks": checks})

    replayed = replay_stage(ledger, workspace, release, stage, requests)
    if replayed.failures:
        return replayed.failures
    if replayed.doubts and standing_ask(release, stage, read_facts(ledger, release.workload, release.name)) is None:
        raise Doubted(replayed.doubts)

    registry = loaded(ModelRegistry, registry_of(workload))
    _, failures = gathered({str(unit.unit): check_model.submit(registry, unit) for unit in release.units})
    if failures:
        return failures
    must_admit(ledger, stage, before, release)
    wanted = {request.endpoint: request.name for request in requests.values()}
    failures = switch_fleet(ledger, workspace, release.workload, release.name, stage.name, held, wanted)
    if not failures:
        _tell(release, stage, workspace)
    return failures


def _requests(workspace: Workspace, workload: Workload, release: Release) -> dict[str, DeploymentRequest]:
    registry = loaded(ModelRegistry, registry_of(workload)).registry_name
    naming, name, now = naming_of(workspace), deployment_name(release.name), datetime.now(UTC)
    endpoints = {unit.unit: naming.endpoint(unit.unit) for unit in release.units}
    serves = serving_of(workspace, endpoints.values())
    requests = {}
    for unit in release.units:
        endpoint = endpoints[unit.unit]
        serving = serves[endpoint]
        requests[str(unit.unit)] = DeploymentRequest(
            endpoint=endpoint,
            name=name,
            model=f"azureml://registries/{registry}/models/{unit.model_name}/versions/{unit.model_version}",
            digest=unit.model_digest,
            tags=deployment_tags(unit.cutoff_date, release.name, now, serving if serving != name else None),
            endpoint_tags={"plant_id": unit.plant_id, "circuit_id": unit.circuit_id},
        )
    return requests


def _smoke(
    workspace: Workspace, test: SmokeTest, release: Release, requests: dict[str, DeploymentRequest]
) -> tuple[list[SmokeVerdict], dict[str, str]]:
    futures = {
        str(unit.unit): smoke.submit(
            workspace, test, unit.unit, requests[str(unit.unit)].endpoint, requests[str(unit.unit)].name
        )
        for unit in release.units
    }
    evidence, failures = gathered(futures)
    return [test.verdict(seen) for seen in evidence.values()], failures


def _report(stage: Stage, release: Release, verdicts: list[SmokeVerdict]) -> list[dict[str, object]]:
    """A table artifact of every check; warnings are logged, because they stop nothing."""
    checks: list[dict[str, object]] = [
        {
            "unit": str(verdict.unit),
            "name": check.name,
            "passed": check.passed,
            "warning": check.warning,
            "detail": check.detail,
        }
        for verdict in verdicts
        for check in verdict.checks
    ]
    create_table_artifact(
        checks, key=f"smoke-{stage.name}", description=f"Smoke tests of release {release.name} at {stage.name}"
    )
    for verdict in verdicts:
        for warning in verdict.warnings:
            get_run_logger().warning("%s: %s", verdict.unit, warning)
    return checks


def _recorded(ledger: Ledger, release: Release, kind: Kind, stage: Stage) -> bool:
    return bool(facts_of(read_facts(ledger, release.workload, release.name), kind, stage.name))


def _once(ledger: Ledger, release: Release, kind: Kind, stage: Stage, body: dict[str, object]) -> None:
    if not _recorded(ledger, release, kind, stage):
        record(ledger, release.workload, release.name, kind, {"stage": stage.name, **body})


def _tell(release: Release, stage: Stage, workspace: Workspace) -> None:
    summary = deployment_summary(release, stage, workspace.workspace_name, utc_text(datetime.now(UTC)))
    create_markdown_artifact(
        f"```\n{summary}\n```", key=f"summary-{stage.name}", description=f"Release {release.name} at {stage.name}"
    )
    for line in summary.splitlines():
        get_run_logger().info(line)

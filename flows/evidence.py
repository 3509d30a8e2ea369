"""What approvers are shown, gathered from the ledger, from Azure and from training."""

from collections.abc import Sequence
from dataclasses import dataclass

from prefect.artifacts import create_markdown_artifact

from blocks.ledger import Ledger
from blocks.loading import loaded
from blocks.workspace import Workspace
from domain.canonical import digest_of
from domain.fact import Fact
from domain.gate import Gate
from domain.release import Release
from domain.stage import BatchEndpointTarget, Stage
from domain.workload import Workload
from tasks.evidence import gate_evidence
from tasks.ledger import keep_document
from tasks.serving import deployment_serving, model_of


@dataclass(frozen=True)
class Evidence:
    """serving: circuit → what serves it at the stage now; circuits that nothing serves are left out. report: HTML."""

    serving: dict[str, str]
    shown: str


def gather(workload: Workload, release: Release, stage: Stage, facts: Sequence[Fact]) -> Evidence:
    """Everything that the form and the report show."""
    gate = stage.gate
    if gate is None:
        raise ValueError(f"stage {stage.name} asks nobody")
    serving = serving_now(stage, release)
    return Evidence(serving, gate_evidence(release, stage, gate, workload.evaluation, serving, facts))


def report_path(release: Release, stage: Stage, digest: str) -> str:
    """Where a report is kept beside the ledger; its name carries its digest."""
    return f"reports/{release.workload}/{release.name}/{stage.name}-{digest.removeprefix('sha256:')}.html"


def keep_report(ledger: Ledger, release: Release, stage: Stage, gate: Gate, evidence: Evidence) -> str:
    """Keep the report and show what the form shows as an artifact; returns the report's digest."""
    digest = digest_of(evidence.shown.encode())
    keep_document(ledger, report_path(release, stage, digest), evidence.shown)
    create_markdown_artifact(
        evidence.shown, key=f"evidence-{stage.name}", description=f"{gate.name}, release {release.name}"
    )
    return digest


def serving_now(stage: Stage, release: Release) -> dict[str, str]:
    """What serves each circuit at the stage, as its model version."""
    if not isinstance(stage.target, BatchEndpointTarget):
        return {}
    workspace = loaded(Workspace, stage.target.workspace)
    found = {}
    for unit in release.units:
        deployment = deployment_serving(workspace, unit.unit)
        if deployment is not None:
            found[str(unit.unit)] = f"version {model_of(deployment)[1]} ({deployment.name})"
    return found

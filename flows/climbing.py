"""A release climbs its stages. Holds nothing in memory: the ledger and Azure say what is done, so it can start again anywhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from prefect import get_run_logger
from prefect.artifacts import create_markdown_artifact

from blocks.approvers import Approvers
from blocks.ledger import Ledger
from blocks.loading import loaded
from blocks.model_registry import ModelRegistry
from blocks.workspace import Workspace
from domain.admission import admit
from domain.decision import Choice, Decision
from domain.errors import Terminal
from domain.fact import Kind, facts_of
from domain.naming import faults_of_names
from domain.outcome import Outcome
from domain.release import Release
from domain.stage import BatchEndpointTarget, ModelRegistryTarget, Stage
from domain.workload import Workload
from flows.deploying import deploy_stage
from flows.gates import Question, ask
from flows.promoting import promote_stage
from tasks.evidence import gate_evidence
from tasks.lease import stage_lease
from tasks.ledger import read_facts, record
from tasks.serving import deployment_serving, model_of, naming_of


@dataclass(frozen=True)
class Ending:
    """How a release ended, and why in one sentence."""

    outcome: Outcome
    reason: str


def climb(ledger: Ledger, workload: Workload, release: Release, stages: Sequence[Stage]) -> Ending:
    """Carry the release through the stages that it has not passed; write down how it ends."""
    check_blocks(workload, stages)
    for stage in stages:
        if passed(ledger, release, stage):
            continue
        ending = decide(ledger, workload, release, stage) if stage.gate is not None else None
        if ending is None:
            before = [lower for lower in workload.before(stage.name) if lower in stages]
            admission = admit(stage, before, release, read_facts(ledger, release.workload, release.name))
            if not admission.allowed:
                raise Terminal(f"{stage.name} does not admit release {release.name}: " + "; ".join(admission.reasons))
            ending = carry(ledger, workload, release, stage)
        if ending is not None:
            return end(ledger, release, ending, stage)
    return end(
        ledger, release, Ending(Outcome.SUCCEEDED, f"release {release.name} serves {stages[-1].name}"), stages[-1]
    )


def check_blocks(workload: Workload, stages: Sequence[Stage]) -> None:
    """Every block that the stages name, before anything is touched; one error lists all that is missing or wrong."""
    faults: list[str] = []
    for stage in stages:
        target = stage.target
        try:
            if isinstance(target, ModelRegistryTarget):
                loaded(ModelRegistry, target.registry)
            else:
                faults += faults_of_names(workload.units, naming_of(loaded(Workspace, target.workspace)))
            if stage.gate is not None:
                loaded(Approvers, stage.gate.group)
        except Terminal as error:
            faults.append(f"stage {stage.name}: {error}")
    if faults:
        raise Terminal("the release cannot start:\n  " + "\n  ".join(faults))


def passed(ledger: Ledger, release: Release, stage: Stage) -> bool:
    """Whether the ledger says that the stage is behind us."""
    kind = Kind.SWITCHED if isinstance(stage.target, BatchEndpointTarget) else Kind.VERIFIED
    return bool(facts_of(read_facts(ledger, release.workload, release.name), kind, stage.name))


def decide(ledger: Ledger, workload: Workload, release: Release, stage: Stage) -> Ending | None:
    """Ask at the stage's gate, unless it was decided; the end of the release when that is what was decided."""
    gate = stage.gate
    if gate is None:
        return None
    facts = read_facts(ledger, release.workload, release.name)
    decided = facts_of(facts, Kind.DECIDED, stage.name)
    if not decided:
        asked = facts_of(facts, Kind.ASKED, stage.name)
        if asked:
            expires_at = datetime.fromisoformat(asked[0].body["expires_at"])
        else:
            expires_at = datetime.now(UTC) + timedelta(minutes=gate.timeout_minutes)
            body = {
                "stage": stage.name,
                "gate": gate.name,
                "digest": release.digest,
                "expires_at": expires_at.isoformat(),
            }
            record(ledger, release.workload, release.name, Kind.ASKED, body)
        evidence = gate_evidence(release, stage, gate, workload.evaluation, serving_now(stage, release), facts)
        create_markdown_artifact(
            evidence, key=f"evidence-{stage.name}", description=f"{gate.name}, release {release.name}"
        )
        members = loaded(Approvers, gate.group).get_members()
        decision = ask(Question(gate, stage.name, release.digest, evidence, members, expires_at))
        if decision is None:
            return Ending(Outcome.EXPIRED, f"nobody decided at {gate.name} before {expires_at:%Y-%m-%d %H:%M} UTC")
        record(ledger, release.workload, release.name, Kind.DECIDED, decision.model_dump(mode="json"))
    else:
        decision = Decision.model_validate(decided[-1].body)
    get_run_logger().info("%s: %s by %s. %s", gate.name, decision.choice, decision.approver, decision.comment)
    if decision.choice is Choice.REJECT:
        return Ending(Outcome.REJECTED, f"{decision.approver} rejected it at {gate.name}: {decision.comment}")
    return None


def serving_now(stage: Stage, release: Release) -> dict[str, str]:
    """What serves each circuit at the stage, as its model version; circuits that nothing serves are left out."""
    if not isinstance(stage.target, BatchEndpointTarget):
        return {}
    workspace = loaded(Workspace, stage.target.workspace)
    found = {}
    for unit in release.units:
        deployment = deployment_serving(workspace, unit.unit)
        if deployment is not None:
            found[str(unit.unit)] = f"version {model_of(deployment)[1]} ({deployment.name})"
    return found


def carry(ledger: Ledger, workload: Workload, release: Release, stage: Stage) -> Ending | None:
    """Do what the stage is there for, holding it alone; an ending only when it failed for good."""
    with stage_lease(ledger, workload.name, stage.name, release.name):
        if isinstance(stage.target, ModelRegistryTarget):
            failures = promote_stage(ledger, workload, release, stage, stage.target)
        else:
            failures = deploy_stage(ledger, workload, release, stage, stage.target)
    if not failures:
        return None
    return Ending(
        Outcome.FAILED, f"{stage.name}: " + "; ".join(f"{name}: {reason}" for name, reason in failures.items())
    )


def end(ledger: Ledger, release: Release, ending: Ending, stage: Stage) -> Ending:
    """Write down how the release ended, once."""
    facts = read_facts(ledger, release.workload, release.name)
    if not facts_of(facts, Kind.ENDED):
        body = {"outcome": ending.outcome.value, "reason": ending.reason, "stage": stage.name}
        record(ledger, release.workload, release.name, Kind.ENDED, body)
    return ending

"""What `signalbox doctor` looks at, put together from the ledger and Azure."""

from dataclasses import replace

from blocks.ledger import Ledger
from blocks.loading import loaded
from blocks.model_registry import ModelRegistry
from blocks.workspace import Workspace
from domain.declaration.target import ServingTarget
from domain.errors import Terminal
from domain.ledger.fact import Kind
from domain.release.manifest import requested_release
from domain.rollout.diagnosis import Finding
from tasks.ledger.facts import QuarantinedError, read_facts, release_names
from tasks.platforms import platform_of
from tasks.training.model_diagnosis import diagnose_models
from tasks.workloads import declared_workload


def examine(workload: str, release: str | None) -> tuple[Finding, ...]:
    """Every finding about a workload's stages and about one release's models, the newest one's when none is named."""
    declared, ledger = declared_workload(workload), loaded(Ledger, "ledger")
    names = release_names(ledger, workload)
    if release is not None and release not in names:
        raise Terminal(f"{workload} has no release {release}; it has {', '.join(names) or 'none'}")
    findings: list[Finding] = []
    expected: dict[str, dict[str, str]] = {}
    readable: list[str] = []
    for name in reversed(names):
        try:
            facts = read_facts(ledger, workload, name)
        except QuarantinedError as error:
            findings.append(Finding(f"release {name}", "in quarantine", str(error)))
            continue
        readable.append(name)
        for fact in facts:
            if fact.kind is Kind.SWITCHED and fact.stage is not None:
                expected.setdefault(fact.stage, {}).update(fact.body["after"])
            elif fact.kind is Kind.ROLLED_BACK and fact.stage is not None:
                expected.pop(fact.stage, None)  # what serves then is said by the deployments' own tags
    if readable:
        chosen = requested_release(read_facts(ledger, workload, release or readable[-1]))
        models = diagnose_models(loaded(Workspace, "dev"), loaded(ModelRegistry, declared.model_registry), chosen)
        findings += (replace(one, stage=declared.registries[0].name) for one in models)
    for stage in declared.stages:
        if isinstance(stage.target, ServingTarget):
            seen = platform_of(declared, stage.target).diagnose(stage, expected.get(stage.name, {}))
            findings += (replace(one, stage=stage.name) for one in seen)
    return tuple(findings)

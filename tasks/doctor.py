"""What `signalbox doctor` looks at, put together from the ledger and Azure."""

from collections.abc import Iterator
from dataclasses import replace
from shlex import quote

from blocks.ledger import Ledger
from blocks.loading import loaded
from blocks.model_registry import ModelRegistry
from blocks.workspace import Workspace
from domain.declaration.gate import Gate
from domain.declaration.stage import Stage
from domain.declaration.target import ServingTarget
from domain.declaration.workload import Workload
from domain.errors import Terminal
from domain.ledger.fact import Kind
from domain.release.manifest import requested_release
from domain.release.outcome import ending_of
from domain.rollout.diagnosis import Finding
from tasks.approval.approvers import approvers_of
from tasks.ledger.facts import read_facts, release_names
from tasks.ledger.stored_facts import QuarantinedError
from tasks.platforms import platform_of
from tasks.preflight import ownership_faults, preflight_faults
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
        facts = read_facts(ledger, workload, release or readable[-1])
        chosen = requested_release(facts)
        models = diagnose_models(
            loaded(Workspace, "dev"), loaded(ModelRegistry, declared.model_registry), chosen, ending_of(facts) is None
        )
        findings += (replace(one, stage=declared.registries[0].name) for one in models)
    for stage in declared.stages:
        ill = list(_unfit(ledger, declared, stage))
        findings += (replace(one, stage=stage.name) for one in ill or [Finding("what it needs", "is there")])
        if not ill and stage.gate is not None:
            findings += (replace(one, stage=stage.name) for one in to_enrol_anew(stage.gate))
        if not ill and isinstance(stage.target, ServingTarget):
            seen = platform_of(declared, stage.target).diagnose(stage, expected.get(stage.name, {}))
            findings += (replace(one, stage=stage.name) for one in seen)
    return tuple(findings)


def to_enrol_anew(gate: Gate) -> Iterator[Finding]:
    """Authenticators of an earlier day, whose secrets the server's API shows."""
    for person in approvers_of(gate).people.values():
        for credential in person.readable_on_server:
            name = quote(person.name)
            yield Finding(
                f"{person.name}'s authenticator {credential}",
                "its secret is on the Prefect server",
                "everybody who reads the server's API can read it: "
                f"enrol a new one (`signalbox enrol {name} --code`) and revoke this (`signalbox enrol {name} --revoke {credential}`)",
            )


def _unfit(ledger: Ledger, workload: Workload, stage: Stage) -> Iterator[Finding]:
    """Why the stage could take no release; nothing else is looked at there then: it may be somebody else's."""
    faults = preflight_faults(workload, stage)
    yield from (Finding("what it needs", "is not there", fault) for fault in faults)
    if not faults:
        foreign = ownership_faults(ledger, workload, workload.units, stage)
        yield from (Finding(f"what {unit} has there", "is another workload's", why) for unit, why in foreign.items())

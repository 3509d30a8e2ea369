"""The approvers of a gate, as they are enrolled at this moment."""

from collections.abc import Iterable, Sequence

from blocks.approvers import Approvers
from blocks.loading import loaded
from domain.approval.approvers import EnrolledApprovers
from domain.approval.proofs.enrolment import Enrolment
from domain.approval.proofs.entra_token import EntraAccount, TenantKeys
from domain.approval.quorum import missing_approvals
from domain.declaration.gate import Gate
from domain.ledger.fact import Fact, Kind, facts_of
from tasks.approval.entra_keys import tenant_keys
from tasks.notices import faults_of_channels


def approvers_of(gate: Gate | None, facts: Sequence[Fact] = ()) -> EnrolledApprovers:
    """Groups and people from the blocks; tenants' keys only where a decision needs them (they are fetched)."""
    return approvers_of_gates([gate] if gate is not None else [], facts)


def approvers_of_gates(gates: Sequence[Gate], facts: Sequence[Fact] = ()) -> EnrolledApprovers:
    """The same for several gates."""
    groups = {name: loaded(Approvers, name) for gate in gates for name in gate.groups}
    people: dict[str, Enrolment] = {}
    for group in groups.values():
        for enrolment in group.enrolments:
            known = people.get(enrolment.name)
            people[enrolment.name] = enrolment if known is None else known.joined(enrolment)
    needed = any(_of_entra(fact) for fact in facts_of(facts, Kind.DECIDED))
    keys = published_keys(people.values()) if needed else {}
    return EnrolledApprovers({name: group.get_members() for name, group in groups.items()}, people, keys)


def poll_seconds_of(gate: Gate) -> float:
    """How often a run that waits at the gate looks for an answer: as its most impatient group has it."""
    return min(loaded(Approvers, name).poll_seconds for name in gate.groups)


def faults_of_gate(gate: Gate) -> list[str]:
    """What keeps the gate's rules from ever being met, in words; Terminal when a group has no block."""
    groups = {name: loaded(Approvers, name) for name in gate.groups}
    faults: list[str] = []
    for rule in gate.rules:
        members = groups[rule.group].get_members()
        strangers = [name for name in rule.required if name not in members]
        if strangers:
            faults.append(f"{gate.name} requires {', '.join(strangers)}, but they are not members of {rule.group}")
    everyone = {
        name: frozenset(group for group, block in groups.items() if name in block.members)
        for name in (name for block in groups.values() for name in block.members)
    }
    faults += [fault for group in groups.values() for fault in faults_of_channels(group.notify)]
    faults += [f"{gate.name} can never open: {what}" for what in missing_approvals(gate.rules, everyone)]
    return faults


def published_keys(people: Iterable[Enrolment]) -> TenantKeys:
    """Tenant → keys, of every tenant with an enrolled account."""
    tenants = {one.tenant_id for person in people for one in person.credentials if isinstance(one, EntraAccount)}
    return {tenant: tenant_keys(tenant) for tenant in sorted(tenants)}


def _of_entra(fact: Fact) -> bool:
    proof = fact.body.get("proof")
    return isinstance(proof, dict) and proof.get("kind") == "entra"

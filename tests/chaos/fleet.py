"""The fleet that is released again and again while things go wrong, and what is seen of it from outside."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from killing import Kill, Requests

CIRCUITS = ("A1", "B2", "C3")
LEASE_SECONDS = 4.0


@dataclass(frozen=True)
class Seen:
    """What the fleet serves, stage → endpoint → deployment, and what the ledgers say.

    approved: releases whose switch of production people approved. faults: of the audits of all ledgers.
    """

    serving: dict[str, dict[str, str | None]]
    approved: frozenset[str]
    releases: tuple[str, ...]
    outcomes: dict[str, str]
    held: frozenset[str]
    faults: tuple[str, ...]


def prepare(home: Path, name: str) -> None:
    """Declare the workload, give it test data, enrol its approver."""
    tiny = _tiny(home, name, enrol=True)
    tiny.declare()
    tiny.give_test_data()


def candidates(home: Path, name: str) -> str:
    """New models for all circuits; what training hands over."""
    return str(_tiny(home, name).candidates().to_json())


def release(home: Path, name: str, changed: str, kill: Kill) -> tuple[str, str, list[str]]:
    """One run of the release flow: state, message, and the requests that changed something."""
    _tiny(home, name)
    from tiny import APPROVE, answering

    from flows.release import release as flow

    requests = Requests(kill)
    approver, _ = answering(APPROVE)
    with approver:
        requests.watch()
        state = flow(name, changed, "linus", return_state=True)
    return str(state.name), str(state.message), requests.sent


def roll_back(home: Path, name: str, kill: Kill) -> tuple[str, str, list[str]]:
    """One run of the rollback flow over the whole fleet in production."""
    _tiny(home, name)
    from flows.rollback import rollback as flow

    requests = Requests(kill)
    requests.watch()
    state = flow(name, "production", None, "chaos", False, return_state=True)
    return str(state.name), str(state.message), requests.sent


def see(home: Path, name: str) -> Seen:
    """Read everything with clients of our own; of the product only what audits a ledger."""
    tiny = _tiny(home, name)
    from blocks.ledger import Ledger
    from blocks.loading import loaded
    from blocks.workspace import Workspace
    from domain.audit import audit
    from flows.declared import declared_workload
    from tasks.batch_endpoints import serving_of
    from tasks.ledger import open_ledger, read_facts, release_names
    from tasks.roster import roster_of_gates
    from tasks.serving import naming_of

    serving = {}
    for stage in ("test", "production"):
        workspace = loaded(Workspace, stage)
        naming = naming_of(workspace)
        serving[stage] = serving_of(workspace, [naming.endpoint(unit) for unit in tiny.units()])
    ledger = loaded(Ledger, "ledger")
    gates = {stage.name: stage.gate for stage in declared_workload(name).stages if stage.gate is not None}
    container = open_ledger(ledger)
    approved, held, outcomes, faults = set(), set(), {}, []
    names = release_names(ledger, name)
    for one in names[:NEWEST]:
        raw: list[dict[str, Any]] = [
            json.loads(container.download_blob(blob).readall())
            for blob in sorted(container.list_blob_names(name_starts_with=f"{name}/{one}/"))
        ]
        asked_for = raw[0]["body"]["digest"]
        for fact in raw:
            body = fact["body"]
            said = body.get("statement", {})
            if fact["kind"] == "decided" and said["choice"] == "approve" and said["stage"] == "production":
                assert said["release_digest"] == asked_for
                approved.add(one)
            if fact["kind"] == "held":
                held.add(one)
            if fact["kind"] == "ended":
                outcomes[one] = body["outcome"]
        facts = read_facts(ledger, name, one)
        found = audit(facts, roster_of_gates(list(gates.values()), facts), tuple(gates))
        faults += [f"{one}: {fault}" for fault in found.faults]
    return Seen(serving, frozenset(approved), names, outcomes, frozenset(held), tuple(faults))


NEWEST = 4
"""Releases whose ledgers are read: those of a trial."""


def _tiny(home: Path, name: str, enrol: bool = False) -> Any:
    """The workload, in this process, with leases short enough to wait for."""
    from datetime import timedelta

    from tiny import Tiny, people

    from deployments.demo_approver import SigningApprover
    from domain import lease as rules
    from flows import declared
    from tasks import lease

    rules.DURATION, rules.MARGIN = timedelta(seconds=LEASE_SECONDS), timedelta(seconds=LEASE_SECONDS / 4)
    lease.RENEWED_EVERY = LEASE_SECONDS / 8
    declared.WORKLOADS = home / "workloads"
    people["ada"] = SigningApprover("ada", home / "keys" / "ada")
    if enrol:
        people["ada"].enrol()
    return Tiny(name, home / "workloads" / name, CIRCUITS)

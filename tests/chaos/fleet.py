"""The fleet that is released again and again while things go wrong, and what is seen of it from outside."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from killing import Kill, Requests
from raw_facts import Raw, approved_stages, models_of, passed_without_approval

CIRCUITS = ("A1", "B2", "C3")
LEASE_SECONDS = 2.0
"""What follows a killed rollback, or overtakes a release, waits so long. Nobody else is there to take a lease that lapses."""
POLL_SECONDS = 0.25
"""How often a run at its gate looks for an answer, and the approver for a request."""
COMMENT = "in the chaos"
ENDPOINT = re.compile(r"/batchEndpoints/be-FLEET-[a-z0-9]+$")
"""A step that creates or switches an endpoint."""
WHOLESOME, SOUR = "value\n1\n", "poison\n"
"""Input that is scored after the switch."""


@dataclass(frozen=True)
class Run:
    """How a run ended, and the requests with which it changed something."""

    state: str
    message: str
    sent: list[tuple[str, int]]

    @property
    def is_over(self) -> bool:
        """Whether it said something definite; otherwise a person runs the same command again."""
        return "run the same command again" not in self.message and "Run it again" not in self.message


@dataclass(frozen=True)
class Seen:
    """What the fleet serves, stage → endpoint → deployment, and what the ledgers say.

    approved: releases whose switch of production people approved. faults: of the audits of all ledgers, and what was
    done in them before anybody approved it. models: endpoint → "name:version" of what production serves. manifests:
    release → the models that it has.
    """

    serving: dict[str, dict[str, str | None]]
    approved: frozenset[str]
    releases: tuple[str, ...]
    outcomes: dict[str, str]
    held: frozenset[str]
    faults: tuple[str, ...]
    models: dict[str, str] = field(default_factory=dict)
    manifests: dict[str, frozenset[str]] = field(default_factory=dict)


def prepare(home: Path, name: str) -> None:
    """Declare the workload, give it test data, enrol its approver."""
    tiny = _tiny(home, name, enrol=True)
    from tiny import CONFIRMED, WARY

    from benchmarks.pretended_training import pretend_training
    from blocks.loading import loaded
    from blocks.workspace import Workspace

    tiny.declare(score=WARY, production=CONFIRMED)
    pretend_training(loaded(Workspace, "dev"))
    tiny.give_test_data()
    tiny.give_data("after", WHOLESOME)


def turn(home: Path, name: str, sour: bool) -> None:
    """What the fleet is asked after its switch turns sour for one circuit, so that it fails; or is well again."""
    _tiny(home, name).give_data("after", SOUR if sour else WHOLESOME, CIRCUITS[1:2])


def candidates(home: Path, name: str) -> str:
    """New models for all circuits; the build that hands them over."""
    return _tiny(home, name).candidates().build_id


def release(home: Path, name: str, changed: str, kill: Kill, refused: bool) -> Run:
    """One run of the release flow. refused: people say no to production."""
    _tiny(home, name)
    from tiny import people

    from blocks.ledger import Ledger
    from blocks.loading import loaded
    from deployments.approval.form_client import Approver, FormAnswer, Pending
    from deployments.approval.ssh_sign import sign
    from domain.approval.statement import Choice
    from flows.approval.pending import pending_request
    from flows.release import release as flow

    def answer(pending: Pending) -> FormAnswer | None:
        if not pending.run_name.startswith(f"release {name} "):
            return None  # another fleet's; its own people answer
        request = pending_request(loaded(Ledger, "ledger"), [name], pending.key)
        choice = Choice.REJECT if refused and request.asked.stage == "production" else Choice.APPROVE
        proof = sign(request.statement(choice, "ada", COMMENT), people["ada"].key)
        return {"decision": choice.value, "approver": "ada", "comment": COMMENT, "proof": proof}

    requests = Requests(name, kill)
    with Approver(answer, poll_seconds=POLL_SECONDS):
        requests.watch()
        state = flow(name, changed, "linus", return_state=True)
    return Run(str(state.name), str(state.message), requests.sent)


def roll_back(home: Path, name: str, kill: Kill) -> Run:
    """One run of the rollback flow over the whole fleet in production."""
    _tiny(home, name)
    from flows.rollback import rollback as flow

    requests = Requests(name, kill)
    requests.watch()
    state = flow(name, "production", None, "chaos", False, return_state=True)
    return Run(str(state.name), str(state.message), requests.sent)


def see(home: Path, name: str) -> Seen:
    """Read everything with clients of our own; of the product only what audits a ledger."""
    tiny = _tiny(home, name)
    from tiny import endpoints_in

    from blocks.ledger import Ledger
    from blocks.loading import loaded
    from blocks.workspace import Workspace
    from domain.approval.audit import audit
    from domain.ledger.fact import Fact
    from tasks.approval.approvers import approvers_of_gates
    from tasks.ledger.facts import open_ledger, release_names
    from tasks.targets.serving import serving_of
    from tasks.workloads import declared_workload

    serving: dict[str, dict[str, str | None]] = {}
    for stage in ("test", "production"):
        platform = endpoints_in(loaded(Workspace, stage))
        serving[stage] = serving_of(platform, [platform.endpoint(unit) for unit in tiny.units()])
    models = {}
    for endpoint, deployment in serving["production"].items():
        if deployment is not None:
            found = platform.find(endpoint, deployment)
            models[endpoint] = _name_and_version(found.model) if found is not None else "nothing"
    ledger = loaded(Ledger, "ledger")
    gates = {stage.name: stage.gate for stage in declared_workload(name).stages if stage.gate is not None}
    container = open_ledger(ledger)
    approved, held, outcomes, manifests, faults = set(), set(), {}, {}, []
    names = release_names(ledger, name)
    for one in names[:NEWEST]:
        texts = [
            container.download_blob(blob).readall()
            for blob in sorted(container.list_blob_names(name_starts_with=f"{name}/{one}/"))
        ]
        raw: list[Raw] = [json.loads(text) for text in texts]
        manifests[one] = models_of(raw)
        if "production" in approved_stages(raw):
            approved.add(one)
        for fact in raw:
            if fact["kind"] == "held":
                held.add(one)
            if fact["kind"] == "ended":
                outcomes[one] = fact["body"]["outcome"]
        facts = [Fact.model_validate_json(text) for text in texts]
        found_faults = audit(facts, approvers_of_gates(list(gates.values()), facts), tuple(gates)).faults
        faults += [f"{one}: {fault}" for fault in (*found_faults, *passed_without_approval(raw, gates))]
    return Seen(serving, frozenset(approved), names, outcomes, frozenset(held), tuple(faults), models, manifests)


def _name_and_version(model: str) -> str:
    """Of `…/models/NAME/versions/VERSION`."""
    name, _, version = model.rpartition("/models/")[2].partition("/versions/")
    return f"{name}:{version}"


NEWEST = 4
"""Releases whose ledgers are read: those of a trial."""


def _tiny(home: Path, name: str, enrol: bool = False) -> Any:
    """The workload, in this process, with leases short enough to wait for."""
    from datetime import timedelta

    from tiny import Tiny, people

    from deployments.approval.demo_approver import SigningApprover
    from domain.ledger import lease as rules
    from tasks import workloads
    from tasks.ledger import lease

    rules.DURATION, rules.MARGIN = timedelta(seconds=LEASE_SECONDS), timedelta(seconds=LEASE_SECONDS / 4)
    lease.RENEWED_EVERY = LEASE_SECONDS / 4
    workloads.WORKLOADS = home / "workloads"
    people["ada"] = SigningApprover("ada", home / "keys" / "ada")
    if enrol:
        people["ada"].enrol()
    return Tiny(name, home / "workloads" / name, CIRCUITS)

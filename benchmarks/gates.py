"""What a gate costs: verifying an approval, auditing a long release, and waiting."""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from prefect import flow
from prefect.client.orchestration import get_client

from deployments.approval.ssh_sign import make_key, sign
from deployments.laptop.laptop import Laptop
from deployments.laptop.processes import free_port
from domain.approval.approvers import EnrolledApprovers
from domain.approval.audit import audit
from domain.approval.decision import Decision, proven_by
from domain.approval.proofs.enrolment import Enrolment
from domain.approval.proofs.one_time_code import CodeGenerator, new_secret, signed, verification_key
from domain.approval.proofs.ssh_signature import SshKey, SshProof
from domain.approval.request import ApprovalRequest, statement_of
from domain.approval.statement import Choice
from domain.approval.verdict import Verdict, judge
from domain.candidate.changed_circuits import ChangedCircuit
from domain.declaration.load import load_workload
from domain.ledger.fact import Fact, Kind
from domain.release.manifest import Release
from flows.approval.form import ask

ROUNDS = 200
FACTS = 1000
SECONDS = 120
STAGE = load_workload(Path(__file__).parents[1] / "workloads" / "plants" / "workload.yaml").stage("production")
NOW = datetime.now(UTC)


def main() -> None:
    """Print milliseconds, and the ratio to one bare Ed25519 verification."""
    key = Ed25519PrivateKey.generate()
    signature = key.sign(b"x")
    floor = _milliseconds(lambda: key.public_key().verify(signature, b"x"))
    secret = new_secret()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "key"
        make_key(file, "benchmark")
        public = SshKey(public_key=file.with_suffix(".pub").read_text(), enrolled_at=NOW - timedelta(days=1))
        codes = CodeGenerator(
            secret_block="-", public_key=verification_key(secret), enrolled_at=NOW - timedelta(days=1)
        )
        approvers = EnrolledApprovers(
            {"ml-engineers": frozenset({"ada"})}, {"ada": Enrolment(name="ada", credentials=(codes, public))}
        )
        facts = _asked()
        release = Release.model_validate(facts[0].body["release"])
        statement = statement_of(facts[-1], Choice.APPROVE, "ada", "")
        decisions = {
            "SSH signature": SshProof(signature=sign(statement, file)),
            "one-time code": signed(secret, statement, int(NOW.timestamp()) // 30),
        }
        print(f"gates: median of {ROUNDS}; one bare Ed25519 verification {floor:.3f} ms")
        for name, proof in decisions.items():
            decision = Decision(stage=STAGE.name, statement=statement, proof=proof, decided_at=NOW)
            whole = (*facts, _next(facts, Kind.DECIDED, decision.model_dump(mode="json")))
            if judge(STAGE, release, whole, approvers, NOW).verdict is not Verdict.OPEN:
                raise SystemExit("the approval that is measured does not count")
            proving = _milliseconds(lambda one=decision: proven_by(one, approvers))  # type: ignore[misc]
            judging = _milliseconds(lambda all_=whole: judge(STAGE, release, all_, approvers, NOW))  # type: ignore[misc]
            print(f"  verify an approval, {name:<14} {proving:7.3f} ms {proving / floor:6.1f} x")
            print(f"  and judge the gate by it, whole    {judging:7.3f} ms {judging / floor:6.1f} x")
        longest = list(whole)
        while len(longest) < FACTS:
            longest.append(_next(longest, Kind.REFUSED, {"stage": STAGE.name, "approver": "ada", "reasons": ["no"]}))
        started = time.perf_counter()
        found = audit(longest, approvers)
        seconds = time.perf_counter() - started
        if found.faults:
            raise SystemExit(f"the release that is audited does not hold: {found.faults}")
        print(f"  audit a release of {FACTS} facts        {seconds:7.3f} s")
    print(f"  processes of a suspended gate      {_processes()}")


def _asked() -> tuple[Fact, ...]:
    """A release of a hundred circuits that has been asked about."""
    units = tuple(
        ChangedCircuit(
            plant_id="P",
            circuit_id=f"C{number}",
            model_name=f"p-c{number}",
            model_version="1",
            model_digest="sha256:" + "1" * 64,
            data_asset=f"P_C{number}:2014-06-30",
            cutoff_date=NOW.date(),
            data_report_digest="sha256:" + "2" * 64,
            training_job="job",
            metrics={"rmse": 1.0},
        )
        for number in range(100)
    )
    release = Release(
        workload="plants",
        name="20260102.1",
        created_at=NOW,
        requested_by="linus",
        build_id="7",
        code_commit="c",
        units=units,
    )
    body = {"release": release.model_dump(mode="json"), "digest": release.digest}
    facts = (_next((), Kind.REQUESTED, body, release),)
    request = ApprovalRequest.of(release, STAGE, "sha256:" + "3" * 64, NOW, "")
    return (*facts, _next(facts, Kind.ASKED, request.model_dump(mode="json")))


def _next(
    facts: "tuple[Fact, ...] | list[Fact]", kind: Kind, body: dict[str, object], release: Release | None = None
) -> Fact:
    workload, name = (release.workload, release.name) if release else (facts[0].workload, facts[0].release)
    last = facts[-1] if facts else None
    return Fact.after(last, workload=workload, release=name, kind=kind, at=NOW, body=body)


def _milliseconds(work: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


@flow(name="asks")
def asks() -> None:
    """A deployed run of nothing but a gate."""
    ask("evidence", "a gate waits", "benchmark-1", 600, 1.0, break_glass=False)


def _processes() -> int:
    """How many processes the worker has while a deployed run is suspended at a gate."""
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[1])  # the worker imports this module, which is not installed
    with tempfile.TemporaryDirectory() as folder:
        laptop = Laptop(Path(folder), free_port(), free_port(), worker=True)
        with laptop:
            laptop.apply()
            with get_client(sync_client=True) as client:
                deployment = client.create_deployment(
                    client.create_flow(asks), "asks", entrypoint="benchmarks.gates.asks", work_pool_name="laptop"
                )
                run = client.create_flow_run_from_deployment(deployment)
                deadline = time.monotonic() + SECONDS
                while (state := client.read_flow_run(run.id).state) is None or state.name != "Suspended":
                    if time.monotonic() > deadline:
                        raise SystemExit(f"the run is not suspended after {SECONDS} s: {state}")
                    time.sleep(0.5)
            time.sleep(5)  # what has ended is gone by then
            return sum(len(_children(pid)) for pid in _children(os.getpid()) if "worker" in _command(pid))


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


if __name__ == "__main__":
    main()

"""The summary after a deployment: as the seed prints it, readable for a thousand circuits, and no exception lost."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from own_faults import OwnFaults

from domain.candidate.changed_circuits import ChangedCircuit
from domain.declaration.load import load_workload
from domain.ledger.fact import Fact, Kind
from domain.release.manifest import Release
from domain.rollout.cleanup_report import LONGEST_REASON, CleanupReport
from tasks.azure_ml.compute import ensure_compute
from tasks.azure_ml.compute_cost import describe_cluster
from tasks.ledger.stored_facts import MAX_FACT_BYTES
from tasks.reports.deployment_summary import LONGEST, RULE, deployment_summary, still_there

STAGE = load_workload(Path(__file__).parents[3] / "workloads" / "plants" / "workload.yaml").stage("production")
NOW = datetime(2025, 12, 10, 16, 45, tzinfo=UTC)
NEW = "deployment-20251210.1"
COST = ["💰 Still there: 2 deployments"]


def circuit(number: int) -> ChangedCircuit:
    return ChangedCircuit(
        plant_id="PLANT001",
        circuit_id=f"C{number:04d}",
        model_name=f"plant001-c{number:04d}",
        model_version="7",
        model_digest="sha256:" + "1" * 64,
        data_asset="D:1",
        cutoff_date=date(2025, 11, 1),
        data_report_digest="sha256:" + "2" * 64,
        training_job="train",
        metrics={"rmse": 1.0},
    )


def name(number: int) -> str:
    return f"PLANT001/C{number:04d}"


def endpoint(number: int) -> str:
    return f"be-plant001-c{number:04d}"


class Story:
    """A release of some circuits and the facts of its way."""

    def __init__(self, count: int, of: int | None = None) -> None:
        self.count, self.of = count, of or count
        self.release = Release(
            workload="plants",
            name="20251210.1",
            created_at=NOW,
            requested_by="ann",
            build_id="12345",
            code_commit="c" * 40,
            units=tuple(circuit(number) for number in range(count)),
        )
        self.facts: list[Fact] = []

    def add(self, kind: Kind, body: Mapping[str, Any], stage: str = "production") -> None:
        last = self.facts[-1] if self.facts else None
        body = {"stage": stage, **body}
        self.facts.append(Fact.after(last, workload="plants", release="20251210.1", kind=kind, at=NOW, body=body))

    def switched(self, numbers: Sequence[int], first: Sequence[int] = (), back: bool = False) -> None:
        before = {endpoint(number): None if number in first else "deployment-20251201.1" for number in numbers}
        after: dict[str, str | None] = {endpoint(number): NEW for number in numbers}
        self.add(Kind.JOURNAL, {"before": before, "after": after, "fence": 1, "back": False})
        if back:
            self.add(Kind.JOURNAL, {"before": after, "after": before, "fence": 2, "back": True})
            self.add(Kind.ROLLED_BACK, {"after": before, "reason": "r"})
        else:
            self.add(Kind.SWITCHED, {"after": after})

    def told(self, failures: Mapping[str, str] | None = None, running: Sequence[str] = COST) -> list[str]:
        text = deployment_summary(
            self.release,
            STAGE,
            self.facts,
            endpoints={name(number): endpoint(number) for number in range(self.count)},
            circuits=self.of,
            failures=failures or {},
            running=running,
            workspace="mlw-prod",
            deployed_at="2025-12-10T16:45:00Z",
        )
        return text.split("\n")


def story(count: int, first: Sequence[int] = (), of: int | None = None) -> Story:
    made = Story(count, of)
    made.switched(range(count), first)
    return made


def check(number: int, passed: bool, warning: bool = True, detail: str = "columns a; expected b") -> dict[str, Any]:
    return {"unit": name(number), "name": "Schema", "passed": passed, "warning": warning, "detail": detail}


def test_one_circuit_reads_as_the_seed_prints_it() -> None:
    assert story(1).told() == [
        RULE,
        "✅ Production Deployment Complete!",
        RULE,
        "Release ID: 20251210.1",
        "Build ID: 12345",
        "Deployed At: 2025-12-10T16:45:00Z",
        "Circuits: 1 switched (0 of them for the first time), 0 unchanged, 0 failed; 1 in plants",
        "",
        "📋 Deployed Circuits:",
        "   - PLANT001 / C0000 → plant001-c0000 (version 7)",
        "",
        *COST,
        "🔗 Workspace: mlw-prod",
        RULE,
    ]


@pytest.mark.parametrize("count", [4, 20])
def test_a_few_circuits_are_listed_all(count: int) -> None:
    lines = story(count).told()
    assert sum(" → plant001-" in line for line in lines) == count
    assert not any("more" in line for line in lines)


def test_a_thousand_circuits_take_a_screen() -> None:
    lines = story(1000).told()
    assert len(lines) <= 20
    place = lines.index("📋 Deployed Circuits (1000):")
    for number, line in enumerate(lines[place + 1 : place + 6]):
        assert line == f"   - PLANT001 / C{number:04d} → plant001-c{number:04d} (version 7)"
    assert lines[place + 6] == "   and 995 more: `signalbox status --workload plants`"


def test_of_a_thousand_circuits_with_everything_wrong_the_summary_is_bounded_and_counts_all() -> None:
    made = Story(1000)
    checks = [check(number, False, detail="x\n" * 5000) for number in range(300, 700)]
    made.add(Kind.VERIFIED, {"passed": True, "checks": checks})
    made.switched(range(200, 1000), first=range(500, 900))
    failures = {name(number): "Job status: Failed\n" * 1000 for number in range(200)}
    lines = made.told(failures)
    assert len(lines) <= 60
    assert max(map(len, lines)) <= LONGEST + 6
    assert "⚠️ Production Deployment Complete, without 200 circuits" in lines
    assert (
        lines[6] == "Circuits: 800 switched (400 of them for the first time), 0 unchanged, 200 failed; 1000 in plants"
    )
    for title, more in [("❌ Failed (200):", 190), ("⚠️ Warnings (400):", 390), ("🆕 First versions (400):", 390)]:
        assert f"   and {more} more: `signalbox " in lines[lines.index(title) + 11]


def test_counts_come_first_then_exceptions_then_circuits() -> None:
    made = Story(4)
    made.add(Kind.VERIFIED, {"passed": True, "checks": [check(1, False), check(2, True)]})
    made.switched(range(1, 4), first=[3])
    lines = made.told({name(0): "Job status: Failed"})
    wanted = ["Circuits: 3 switched", "❌ Failed:", "⚠️ Warnings:", "🆕 First versions:", "📋 Deployed", "💰", "🔗"]
    places = [next(place for place, line in enumerate(lines) if line.startswith(start)) for start in wanted]
    assert all(one < other for one, other in pairwise(places))
    assert f"   - {name(0)}: Job status: Failed" in lines
    assert f"   - {name(1)}: Schema: columns a; expected b" in lines
    assert f"   - {name(3)}" in lines
    assert not any(line.startswith(f"   - {name(2)}") for line in lines)


def test_circuits_that_the_release_does_not_carry_are_unchanged() -> None:
    assert (
        story(12, of=1000).told()[6]
        == "Circuits: 12 switched (0 of them for the first time), 988 unchanged, 0 failed; 1000 in plants"
    )


def test_warnings_of_smoke_replay_and_confirmation_stand_at_their_circuit() -> None:
    made = Story(3)
    made.add(Kind.VERIFIED, {"passed": True, "checks": [check(0, False, detail="odd columns")]})
    made.add(Kind.REPLAYED, {"units": {name(2): {"verdict": "INCONCLUSIVE", "reasons": "as it was before"}}})
    units = {name(0): {"verdict": "INCONCLUSIVE", "reasons": "mean shift 0.1"}, name(1): {"verdict": "PASSED"}}
    made.add(Kind.REPLAYED, {"units": units})
    made.switched(range(3))
    made.add(Kind.CONFIRMED, {"passed": True, "answers": {}, "doubts": {endpoint(1): "p95 shift 0.3"}})
    lines = made.told()
    assert f"   - {name(0)}: Schema: odd columns; replay: mean shift 0.1" in lines
    assert f"   - {name(1)}: confirmation: p95 shift 0.3" in lines
    assert not any(name(2) in line for line in lines)


def test_what_other_stages_warned_of_is_told_there() -> None:
    made = Story(1)
    made.add(Kind.VERIFIED, {"passed": True, "checks": [check(0, False)]}, stage="test")
    made.switched([0])
    assert not any("Warnings" in line for line in made.told())


def test_circuits_of_all_waves_have_switched_and_served_first_what_came_before_them_all() -> None:
    made = Story(3)
    made.switched([0], first=[0])
    made.switched([0, 1, 2])
    assert made.told()[6].startswith("Circuits: 3 switched (1 of them for the first time)")


def test_where_nothing_was_switched_nothing_is_said_to_be_deployed() -> None:
    made = Story(2)
    made.switched([0, 1], back=True)
    lines = made.told({name(0): "was rolled back", name(1): "was rolled back"})
    assert lines[1] == "❌ Production Deployment Failed"
    assert not any("Deployed Circuits" in line for line in lines)


def test_the_cost_line_counts_what_is_still_there() -> None:
    cleaned = CleanupReport(endpoints=4, serving=4, for_rollback=4, removed={"be-1": ("a",), "be-2": ("b",)})
    assert still_there(cleaned, "compute c") == [
        "💰 Still there: 8 deployments on 4 endpoints (4 serve, 4 kept for rollback, 2 removed); compute c"
    ]
    assert still_there(CleanupReport(endpoints=1, serving=1), "compute c") == [
        "💰 Still there: 1 deployment on 1 endpoint (1 serve, 0 kept for rollback); compute c"
    ]


def test_what_was_not_removed_is_told_in_one_line_however_much_it_is() -> None:
    missed = {f"d{number} of be-{number}": "Azure refused\n" * 100 for number in range(1000)}
    first, second = still_there(CleanupReport(endpoints=1000, serving=1000, others=1000, missed=missed), "compute c")
    assert "(1000 serve, 0 kept for rollback, 1000 others)" in first
    assert second.startswith("🧹 Not removed, tried again at the next release: d0 of be-0: Azure refused")
    assert second.endswith("…, and 999 more")
    [_, only] = still_there(CleanupReport(missed={"d of be": "busy"}), "compute c")
    assert only == "🧹 Not removed, tried again at the next release: d of be: busy"


def test_the_fact_of_a_clean_up_fits_into_the_ledger() -> None:
    missed = {f"deployment-20251210.{number} of be-{'x' * 29}": "ö" * 5000 for number in range(500)}
    unread = {f"be-{number:029d}": "é" * 5000 for number in range(200)}
    removed = {f"be-{number:029d}": ("deployment-20251210.1",) * 2 for number in range(1000)}
    body = CleanupReport(missed=missed | unread, removed=removed).body("production")
    fact = Fact.after(None, workload="plants", release="20251210.1", kind=Kind.CLEANED, at=NOW, body=body)
    assert len(fact.canonical_json()) < MAX_FACT_BYTES
    assert {len(why) for why in body["missed"].values()} == {LONGEST_REASON}


@pytest.fixture(scope="module")
def workspace(environment: str) -> Any:
    from blocks.loading import loaded
    from blocks.workspace import Workspace

    return loaded(Workspace, "test")


def test_the_cluster_is_told_as_azure_has_it(workspace: Any) -> None:
    from domain.declaration.workload import Compute

    ensure_compute.fn(workspace, Compute(name="summed", size="Standard_DS3_v2", max_instances=4), "tests")
    assert describe_cluster(workspace, "summed") == (
        "compute summed: STANDARD_DS3_V2, at most 4 nodes, none once idle for 120 s"
    )
    assert describe_cluster(workspace, "absent") == "compute absent is gone"


def test_nodes_that_are_always_there_are_told(workspace: Any) -> None:
    from azure.ai.ml.entities import AmlCompute

    wanted = AmlCompute(name="always", size="Standard_DS3_v2", min_instances=2, max_instances=4)
    workspace.get_client().compute.begin_create_or_update(wanted).result()
    assert describe_cluster(workspace, "always").endswith(
        "at most 4 nodes, 2 of them always, the others until idle for 120 s"
    )


def test_of_what_is_no_cluster_the_kind_is_told(workspace: Any) -> None:
    from azure.ai.ml.entities import ComputeInstance

    workspace.get_client().compute.begin_create_or_update(ComputeInstance(name="one", size="Standard_DS3_v2")).result()
    assert describe_cluster(workspace, "one") == "compute one: computeinstance"


def test_a_cluster_that_cannot_be_read_fails_nothing(workspace: Any, faults: OwnFaults) -> None:
    faults.add("server_error", path="computes/unknown", times=40, status=501)
    assert describe_cluster(workspace, "unknown").startswith("compute unknown is not known: Azure refused")

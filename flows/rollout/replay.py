"""The replay before a switch: every circuit's candidate and champion answer the same recent input, and people see the shift."""

from collections.abc import Mapping

from blocks.ledger import Ledger
from domain.canonical_json import canonical_json, digest_of
from domain.declaration.stage import Stage
from domain.ledger.fact import Fact, Kind, facts_of
from domain.release.manifest import Release
from domain.unit import Unit
from domain.verification.replay import Replay, ReplayResult, worst
from flows.fan_out.each import map_split
from tasks.artifacts import show_table
from tasks.ledger.facts import keep_document, read_facts, record
from tasks.ledger.kept_reports import replay_page, report_path
from tasks.platforms import workspace_of
from tasks.reports.replay_report import Judged, artifact_rows, fact_units, replay_report, worst_first
from tasks.targets.platform import DeploymentRequest, Platform
from tasks.targets.serving import serving_of
from tasks.verification.replay import replay


def replay_stage(
    ledger: Ledger, platform: Platform, release: Release, stage: Stage, requests: Mapping[str, DeploymentRequest]
) -> dict[str, str]:
    """Replay all circuits and write down what came out, once: a fact that still holds is used instead of a replay.

    requests: circuit → the new deployment, which exists. It still holds while the replay is declared the same and the
    same deployments serve. A circuit whose input is not there is a failure without a fact: with the input, run again.
    Returns circuit → why it failed; what people must look at is in the fact alone.
    """
    if stage.replay is None:
        return {}
    facts = facts_of(read_facts(ledger, release.workload, release.name), Kind.REPLAYED, stage.name)
    serves = serving_of(platform, [one.endpoint for one in requests.values()])
    if facts and _holds(facts[-1], serves, stage.replay, requests):
        return _failures(facts[-1])
    workspace = workspace_of(platform)
    replayed, failures = map_split(
        replay,
        {
            name: (platform, workspace, stage.replay, Unit.parse(name), one.endpoint, one.name, serves[one.endpoint])
            for name, one in requests.items()
        },
        f"replay at {stage.name}",
    )
    judged = worst_first(stage.replay, list(replayed.values()))
    if failures:
        return failures | {one.circuit: one.reason for one in judged if one.verdict.verdict is ReplayResult.FAILED}
    return _failures(_keep(ledger, release, stage, stage.replay, judged))


def _failures(fact: Fact) -> dict[str, str]:
    """What a fact of kind REPLAYED says."""
    units = fact.body["units"]
    return {name: one["reasons"] for name, one in units.items() if one["verdict"] == ReplayResult.FAILED}


def _keep(ledger: Ledger, release: Release, stage: Stage, declared: Replay, judged: list[Judged]) -> Fact:
    page = replay_report(release, stage, declared, judged)
    digest = digest_of(page.encode())
    keep_document(ledger, report_path(release.workload, release.name, replay_page(stage.name), digest), page)
    show_table(
        artifact_rows(judged),
        key=f"replay-{stage.name}",
        description=f"Replay of release {release.name} at {stage.name}, report {digest}",
    )
    body = {
        "stage": stage.name,
        "verdict": worst(one.verdict.verdict for one in judged).value,
        "report": digest,
        "declared": _digest(declared),
        "units": fact_units(judged),
    }
    return record(ledger, release.workload, release.name, Kind.REPLAYED, body)


def _holds(
    fact: Fact, serves: Mapping[str, str | None], declared: Replay, requests: Mapping[str, DeploymentRequest]
) -> bool:
    """Whether the fact is about this declaration and about what serves now, or serves already."""
    units = fact.body["units"]
    if fact.body["declared"] != _digest(declared) or not requests.keys() <= units.keys():
        return False
    return all(serves[one.endpoint] in {units[name]["champion"], one.name} for name, one in requests.items())


def _digest(declared: Replay) -> str:
    return digest_of(canonical_json(declared))

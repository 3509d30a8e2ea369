"""What is told after a deployment: counts, then exceptions, then circuits, then what is still there and costs. (Seed 002.)

As long for a thousand circuits as for a few: every list is cut, and says how many more there are and where to see them.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from domain.declaration.stage import Stage
from domain.ledger.fact import Fact, Kind, facts_of
from domain.release.manifest import Release
from domain.rollout.cleanup_report import CleanupReport
from domain.text import counted, cut
from domain.verification.replay import ReplayResult

RULE = "=" * 48
MOST_CIRCUITS = 20
SHOWN_OF_MORE = 5
"""Circuits that are listed all; and how many where there are more."""
MOST_EXCEPTIONS = 10
LONGEST = 160
"""Characters of a line's reason."""


def deployment_summary(
    release: Release,
    stage: Stage,
    facts: Sequence[Fact],
    *,
    endpoints: Mapping[str, str],
    circuits: int,
    failures: Mapping[str, str],
    running: Sequence[str],
    workspace: str,
    deployed_at: str,
) -> str:
    """The text that seed 002 prints after a deployment.

    facts: of the release, its switch among them. endpoints: circuit → endpoint, of the release. circuits: how many the
    workload has. failures: circuit → why it was left behind. running: lines about what is still there.
    """
    before = _served_before(facts, stage.name)
    after = {endpoint for fact in facts_of(facts, Kind.SWITCHED, stage.name) for endpoint in fact.body["after"] or ()}
    switched = [unit for unit in release.units if endpoints[str(unit.unit)] in after and str(unit.unit) not in failures]
    first = [str(unit.unit) for unit in switched if before.get(endpoints[str(unit.unit)]) is None]
    lines = [RULE, _headline(stage.name, len(switched), len(failures)), RULE]
    lines += [f"Release ID: {release.name}", f"Build ID: {release.build_id}", f"Deployed At: {deployed_at}"]
    lines += [
        f"Circuits: {len(switched)} switched ({len(first)} of them for the first time), "
        f"{circuits - len(switched) - len(failures)} unchanged, {len(failures)} failed; {circuits} in {release.workload}",
        "",
    ]
    audit = f"`signalbox audit {release.name} --workload {release.workload} --export FILE`"
    status = f"`signalbox status --workload {release.workload}`"
    lines += _listed("❌ Failed", [f"{name}: {reason}" for name, reason in failures.items()], audit)
    warnings = _warnings(facts, stage.name, endpoints)
    lines += _listed("⚠️ Warnings", [f"{name}: {'; '.join(told)}" for name, told in warnings.items()], audit)
    lines += _listed("🆕 First versions", first, status)
    shown = [
        f"{unit.plant_id} / {unit.circuit_id} → {unit.model_name} (version {unit.model_version})" for unit in switched
    ]
    lines += _listed("📋 Deployed Circuits", shown, status, MOST_CIRCUITS, SHOWN_OF_MORE)
    return "\n".join([*lines, *running, f"🔗 Workspace: {workspace}", RULE])


def still_there(cleaned: CleanupReport, cluster: str) -> list[str]:
    """The cost line, and a second one where something could not be removed. cluster: in words."""
    parts = [f"{cleaned.serving} serve", f"{cleaned.for_rollback} kept for rollback"]
    parts += [f"{cleaned.others} others"] * (cleaned.others > 0)
    parts += [f"{cleaned.removals} removed"] * (cleaned.removals > 0)
    at = counted(cleaned.endpoints, "endpoint")
    lines = [f"💰 Still there: {counted(cleaned.there, 'deployment')} on {at} ({', '.join(parts)}); {cluster}"]
    if cleaned.missed:
        what, why = next(iter(cleaned.missed.items()))
        more = f", and {len(cleaned.missed) - 1} more" if len(cleaned.missed) > 1 else ""
        lines.append(f"🧹 Not removed, tried again at the next release: {_cut(f'{what}: {why}')}{more}")
    return lines


def _headline(stage: str, switched: int, failed: int) -> str:
    if not switched:
        return f"❌ {stage.capitalize()} Deployment Failed"
    if failed:
        return f"⚠️ {stage.capitalize()} Deployment Complete, without {counted(failed, 'circuit')}"
    return f"✅ {stage.capitalize()} Deployment Complete!"


def _served_before(facts: Sequence[Fact], stage: str) -> dict[str, str | None]:
    """Endpoint → what served before the release's first switch of it."""
    before: dict[str, str | None] = {}
    for fact in facts_of(facts, Kind.JOURNAL, stage):
        if not fact.body.get("back"):
            before = {**fact.body["before"], **before}
    return before


def _warnings(facts: Sequence[Fact], stage: str, endpoints: Mapping[str, str]) -> dict[str, list[str]]:
    """Circuit → what its smoke test, its replay and the confirmation left open."""
    found: dict[str, list[str]] = defaultdict(list)
    for fact in facts_of(facts, Kind.VERIFIED, stage):
        for check in fact.body.get("checks") or ():
            if check["warning"] and not check["passed"]:
                found[check["unit"]].append(f"{check['name']}: {check['detail']}")
    for fact in facts_of(facts, Kind.REPLAYED, stage)[-1:]:
        for name, unit in fact.body["units"].items():
            if unit["verdict"] == ReplayResult.INCONCLUSIVE:
                found[name].append(f"replay: {unit['reasons']}")
    circuits = {endpoint: name for name, endpoint in endpoints.items()}
    for fact in facts_of(facts, Kind.CONFIRMED, stage):
        for endpoint, reason in fact.body["doubts"].items():
            found[circuits.get(endpoint, endpoint)].append(f"confirmation: {reason}")
    return found


def _listed(
    title: str, items: Sequence[str], where: str, most: int = MOST_EXCEPTIONS, shown: int = MOST_EXCEPTIONS
) -> list[str]:
    """A titled list and an empty line; nothing where there is nothing. Beyond `most` the first `shown`, and how many more."""
    if not items:
        return []
    told = items if len(items) <= most else items[:shown]
    more = [f"   and {len(items) - len(told)} more: {where}"] if len(told) < len(items) else []
    return [f"{title}{f' ({len(items)})' if more else ''}:", *(f"   - {_cut(item)}" for item in told), *more, ""]


def _cut(text: str) -> str:
    return cut(" ".join(text.split()), LONGEST)

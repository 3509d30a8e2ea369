"""What approvers see: markdown, made of the manifest and the ledger."""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from domain.approval.request import doubts_of
from domain.candidate.changed_circuits import ChangedCircuit
from domain.candidate.evaluation import Direction, Evaluation
from domain.declaration.gate import Gate
from domain.declaration.stage import Stage
from domain.ledger.fact import Fact, Kind, facts_of
from domain.release.failed_units import active_units, failed_units
from domain.release.manifest import Release
from domain.rollout.champion import Champion
from domain.shown import shown
from domain.unit import Unit
from domain.verification.replay import ReplayResult

MOST_CIRCUITS = 12
MOST_CHECKS = 12
MOST_DOUBTS = 8
"""Rows that the form shows: it is one screen, and the report has all."""


NOTHING: Mapping[str, str] = MappingProxyType({})


def plain(text: object) -> str:
    """Text that may stand in a markdown table: one line, no markup, no template marks (the server would render them)."""
    cleaned = shown(text).replace("{", "(").replace("}", ")")
    for mark in ("\\", "|", "<", "`", "[", "*", "_"):
        cleaned = cleaned.replace(mark, "&lt;" if mark == "<" else "\\" + mark)
    return cleaned


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A markdown table."""
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    lines += ["| " + " | ".join(plain(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def gate_evidence(
    release: Release,
    stage: Stage,
    gate: Gate,
    evaluation: Evaluation,
    champions: Mapping[str, Champion],
    facts: Sequence[Fact],
    waits_for: Sequence[str] = (),
    held: Mapping[str, str] = NOTHING,
) -> str:
    """What an approver needs, on one screen; the report has the rest.

    champions: circuit → what this stage has of it now. waits_for: what the gate still needs, in words. held: circuit → that
    its model was rolled back before.
    """
    units = by_gain(active_units(release, facts), evaluation, champions)
    shown = units[:MOST_CIRCUITS]
    no_rollback = {name: one.fault for name, one in champions.items() if one.fault}
    compared = [
        (
            unit.unit,
            f"{name_of(champions.get(str(unit.unit)))} → version {unit.model_version}",
            change_of(unit, evaluation, champions.get(str(unit.unit))),
            _metric(unit.metrics, evaluation.metric),
            _metric(unit.champion_metrics, evaluation.metric),
            unit.data_asset,
        )
        for unit in shown
    ]
    more = len(units) - len(shown)
    doubted = doubts_of(facts, stage.name)
    parts = [
        *([replay_doubts(doubted)] if doubted is not None else []),
        f"## {plain(gate.name)}: release {release.name} of {plain(release.workload)} to {plain(stage.name)}",
        gate.instructions.strip().replace("{", "(").replace("}", ")"),
        f"Release ID: {release.name} · Build ID: {plain(release.build_id)} · commit {plain(_short(release.code_commit))} · "
        f"requested by {plain(release.requested_by)}",
        f"Digest: `{release.digest}`",
        *([f"Place: {plain(stage.place)}"] if stage.place is not None else []),
        *_nobody(release, gate),
        f"### Candidate against champion ({plain(evaluation.metric)}, {evaluation.direction.value}; the same held-out rows)",
        table(
            ("circuit", f"change at {stage.name}", "better by", evaluation.metric, "champion's", "data"),
            compared,
        ),
        *(
            [f"and {_rest(units[MOST_CIRCUITS:], evaluation, champions)}; the report lists every one"]
            if more > 0
            else []
        ),
        *_exceptions("Older data than what is there", older(units, champions)),
        *_exceptions(f"Rolled back before: {len(held)} of {len(units)} circuits", held),
        *_exceptions(f"No rollback for {len(no_rollback)} of {len(units)} circuits", no_rollback),
        *_exceptions(
            f"Failed on the way, {len(release.units) - len(units)} of {len(release.units)}", failed_units(facts)
        ),
        *_verified(facts),
        "### Pre-approval checklist",
        "\n".join(f"- {plain(item)}" for item in gate.checklist) or "none declared",
        *_so_far(facts),
        *(f"**Waits for:** {plain(what)}" for what in waits_for),
        *([f"**Takes:** {gate.proofs_taken}"] if gate.proofs else []),
        f"The whole report: `signalbox report {release.name} {stage.name} --workload {release.workload}`",
    ]
    return "\n\n".join(parts)


def circuits_of(release: Release) -> str:
    """A release by its manifest alone, for reports that were kept before they had the form's text."""
    rows = [
        (
            unit.unit,
            f"{unit.model_name}:{unit.model_version}",
            _all_metrics(unit.metrics),
            f"version {unit.champion_version}: {_all_metrics(unit.champion_metrics)}"
            if unit.champion_version
            else "none",
            unit.data_asset,
        )
        for unit in release.units[:MOST_CIRCUITS]
    ]
    more = len(release.units) - len(rows)
    parts = [
        f"Build {plain(release.build_id)} · commit {plain(_short(release.code_commit))} · requested by {plain(release.requested_by)}",
        table(("circuit", "model", "metrics", "champion", "data"), rows),
        *([f"and {more} more circuits"] * (more > 0)),
    ]
    return "\n\n".join(parts)


def _short(commit: str) -> str:
    """Twelve digits, and what says that files were changed since."""
    digits, changed, what = commit.partition("+")
    return digits[:12] + changed + what


def _all_metrics(metrics: Mapping[str, float] | None) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in sorted((metrics or {}).items())) or "none"


def _rest(units: Sequence[ChangedCircuit], evaluation: Evaluation, champions: Mapping[str, Champion]) -> str:
    """Those that the form does not list, by what there is to know of them."""
    changes = [change_of(unit, evaluation, champions.get(str(unit.unit))) for unit in units]
    uncompared = sum(change.startswith("not compared") for change in changes)
    first = sum(change == "first version" for change in changes)
    compared = len(changes) - uncompared - first
    told = {
        "that are not compared with what they replace": uncompared,
        "that improve at least as much as these": compared,
        "that are first versions": first,
    }
    return ", ".join(f"{count} more circuits {which}" for which, count in told.items() if count)


def _nobody(release: Release, gate: Gate) -> list[str]:
    """The gate keeps some people from approving their own work; who they are is not always known."""
    unknown = [role.replace("_", " ") for role in gate.not_by if not release.people(role)]
    if not unknown:
        return []
    return [f"**Not known:** the {' and the '.join(unknown)}, so the gate cannot keep them from approving"]


def _exceptions(head: str, reasons: Mapping[str, str]) -> list[str]:
    """A few lines of the form, because the report has all; nothing where there is none."""
    if not reasons:
        return []
    lines = [f"- **{plain(name)}**: {plain(why)}" for name, why in list(reasons.items())[:MOST_DOUBTS]]
    more = [f"- and {len(reasons) - MOST_DOUBTS} more"] if len(reasons) > MOST_DOUBTS else []
    return ["\n".join([f"### {head}", "", *lines, *more])]


def replay_doubts(replayed: Fact) -> str:
    """What a replay left open, worst first: a few lines of the form; the whole is in the replay's report."""
    doubts = [
        f"- **{plain(name)}**: {plain(unit['reasons'])}"
        for name, unit in replayed.body["units"].items()
        if unit["verdict"] == ReplayResult.INCONCLUSIVE
    ]
    more = [f"- and {len(doubts) - MOST_DOUBTS} more"] if len(doubts) > MOST_DOUBTS else []
    head = f"**The replay is inconclusive for {len(doubts)} circuits: please look.** Report {plain(replayed.body['report'])}"
    return "\n".join([head, "", *doubts[:MOST_DOUBTS], *more])


def decided_since(facts: Sequence[Fact], asked: Fact) -> list[str]:
    """What was decided after the request, which its report cannot have."""
    return _so_far([fact for fact in facts if fact.sequence > asked.sequence])


def _so_far(facts: Sequence[Fact]) -> list[str]:
    """Who has decided already, at this stage and below."""
    statements = [fact.body.get("statement") for fact in facts_of(facts, Kind.DECIDED)]
    return [
        f"**{plain(one.get('choice'))}** at {plain(one.get('gate'))} by {plain(one.get('approver'))}: "
        f"{plain(one.get('comment')) or 'no comment'}"
        for one in statements
        if isinstance(one, dict)
    ]


def _metric(metrics: Mapping[str, float] | None, name: str) -> str:
    return f"{metrics[name]:.4g}" if metrics and name in metrics else "none"


def name_of(champion: Champion | None) -> str:
    """What is replaced, in words."""
    return "nothing" if champion is None else champion.name


def older(units: Sequence[ChangedCircuit], champions: Mapping[str, Champion]) -> dict[str, str]:
    """Circuits whose data ends before that of what is there, and when."""
    found = {str(unit.unit): (unit, champions.get(str(unit.unit))) for unit in units}
    return {
        name: f"its data ends {unit.cutoff_date}, and that of {one.name} {one.cutoff}"
        for name, (unit, one) in found.items()
        if one is not None and one.is_newer_than(unit)
    }


def by_gain(
    units: Sequence[ChangedCircuit], evaluation: Evaluation, champions: Mapping[str, Champion]
) -> list[ChangedCircuit]:
    """What was not compared with what it replaces first, then the least improved; first versions last."""

    def order(unit: ChangedCircuit) -> tuple[float, Unit]:
        gain, there = _gain(unit, evaluation), champions.get(str(unit.unit))
        uncompared = math.isinf(gain) and there is not None and there.version != ""
        return (-math.inf if uncompared else gain), unit.unit

    return sorted(units, key=order)


def change_of(unit: ChangedCircuit, evaluation: Evaluation, champion: Champion | None) -> str:
    """By how much the candidate is better than its champion, in the metric's unit and in per cent; and if that is not what it replaces."""
    gain, there = _gain(unit, evaluation), "" if champion is None else champion.version
    if there == unit.model_version:
        return "none: it is there"
    if not math.isfinite(gain) or unit.champion_metrics is None:
        return f"not compared with version {there}" if there else "first version"
    theirs = unit.champion_metrics[evaluation.metric]
    change = f"{gain:.4g}" + (f" ({gain / abs(theirs):.1%})" if theirs else "")
    return change if there in {"", unit.champion_version} else f"{change} than version {unit.champion_version}"


def _gain(unit: ChangedCircuit, evaluation: Evaluation) -> float:
    """By how much the candidate is better, in the metric's unit; infinite where there is nothing to compare with."""
    name = evaluation.metric
    if not unit.champion_metrics or name not in unit.champion_metrics or name not in unit.metrics:
        return math.inf
    gain = unit.champion_metrics[name] - unit.metrics[name]
    return gain if evaluation.direction is Direction.MINIMIZE else -gain


def _verified(facts: Sequence[Fact]) -> list[str]:
    """Smoke tests of the stages below: what did not pass plainly first, and no more rows than a screen takes."""
    parts: list[str] = []
    for fact in facts_of(facts, Kind.VERIFIED):
        checks = sorted(fact.body.get("checks") or (), key=lambda check: (check["passed"], not check["warning"]))
        if checks:
            passed = sum(check["passed"] for check in checks)
            parts.append(f"### Smoke tests at {plain(fact.stage)}: {passed} of {len(checks)} checks passed")
            rows = [_check(check) for check in checks[:MOST_CHECKS]]
            parts.append(table(("circuit", "check", "result", "detail"), rows))
            if len(checks) > MOST_CHECKS:
                left = checks[MOST_CHECKS:]
                badly = sum(not check["passed"] for check in left)
                parts.append(
                    f"{len(left)} more are in the report: " + (f"{badly} did not pass" if badly else "all passed")
                )
    return parts


def _check(check: Mapping[str, Any]) -> tuple[str, str, str, str]:
    result = "passed" if check["passed"] else ("warning" if check["warning"] else "FAILED")
    return check["unit"], check["name"], result, check["detail"]

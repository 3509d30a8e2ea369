"""What approvers see and what is told at the end: markdown and plain text, made of the manifest and the ledger."""

from collections.abc import Mapping, Sequence
from typing import Any

from domain.changed_circuits import ChangedCircuit
from domain.evaluation import Evaluation
from domain.fact import Fact, Kind, facts_of
from domain.gate import Gate
from domain.release import Release
from domain.stage import Stage

RULE = "=" * 48


def plain(text: object) -> str:
    """Text that may stand in a markdown table: no markup, no template marks (the server would render them)."""
    cleaned = str(text).replace("\n", " ").replace("{", "(").replace("}", ")")
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
    serving: Mapping[str, str],
    facts: Sequence[Fact],
) -> str:
    """Everything an approver needs on one screen. serving: circuit → what serves it at this stage now."""
    compared = [
        (
            unit.unit,
            f"{unit.model_name}:{unit.model_version}",
            _metric(unit.metrics, evaluation.metric),
            _metric(unit.champion_metrics, evaluation.metric),
            _change(unit, evaluation),
            f"{serving.get(str(unit.unit), 'nothing')} → version {unit.model_version}",
        )
        for unit in release.units
    ]
    data = [
        (unit.unit, unit.data_asset, unit.cutoff_date.isoformat(), unit.data_report_digest[7:23])
        for unit in release.units
    ]
    parts = [
        f"## {plain(gate.name)}: release {release.name} of {plain(release.workload)} to {plain(stage.name)}",
        gate.instructions.strip(),
        f"Release ID: {release.name} · Build ID: {plain(release.build_id)} · commit {plain(release.code_commit[:12])} · "
        f"requested by {plain(release.requested_by)}",
        f"Digest: `{release.digest}`",
        f"### Candidate against champion ({plain(evaluation.metric)}, {evaluation.direction.value}; the same held-out rows)",
        table(
            ("circuit", "candidate", evaluation.metric, "champion's", "better by", f"change at {stage.name}"), compared
        ),
        "### Data",
        table(("circuit", "data asset", "cutoff date", "validation report"), data),
        *_verified(facts),
        "### Pre-approval checklist",
        "\n".join(f"- [ ] {item}" for item in gate.checklist) or "none declared",
    ]
    return "\n\n".join(parts)


def _metric(metrics: Mapping[str, float] | None, name: str) -> str:
    return f"{metrics[name]:.4g}" if metrics and name in metrics else "none"


def _change(unit: ChangedCircuit, evaluation: Evaluation) -> str:
    name = evaluation.metric
    if not unit.champion_metrics or name not in unit.champion_metrics or name not in unit.metrics:
        return "first version"
    theirs, ours = unit.champion_metrics[name], unit.metrics[name]
    gain = theirs - ours if evaluation.direction.value == "minimize" else ours - theirs
    return f"{gain:.4g}" + (f" ({gain / abs(theirs):.1%})" if theirs else "")


def _verified(facts: Sequence[Fact]) -> list[str]:
    parts: list[str] = []
    for fact in facts_of(facts, Kind.VERIFIED):
        checks = fact.body.get("checks")
        if checks:
            parts.append(f"### Smoke tests at {plain(fact.stage)}")
            parts.append(table(("circuit", "check", "result", "detail"), [_check(check) for check in checks]))
    return parts


def _check(check: Mapping[str, Any]) -> tuple[str, str, str, str]:
    result = "passed" if check["passed"] else ("warning" if check["warning"] else "FAILED")
    return check["unit"], check["name"], result, check["detail"]


def deployment_summary(release: Release, stage: Stage, workspace: str, deployed_at: str) -> str:
    """The text that seed 002 prints after a deployment."""
    lines = [
        RULE,
        f"✅ {stage.name.capitalize()} Deployment Complete!",
        RULE,
        f"Release ID: {release.name}",
        f"Build ID: {release.build_id}",
        f"Deployed At: {deployed_at}",
        "",
        "📋 Deployed Circuits:",
        *(
            f"   - {unit.plant_id} / {unit.circuit_id} → {unit.model_name} (version {unit.model_version})"
            for unit in release.units
        ),
        "",
        f"🔗 Workspace: {workspace}",
        RULE,
    ]
    return "\n".join(lines)

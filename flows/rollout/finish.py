"""After a stage: what is old goes, or what was made for nothing; and people read how it went, and what is still there."""

from collections.abc import Sequence
from datetime import UTC, datetime

from prefect import get_run_logger

from domain.declaration.stage import Stage
from domain.declaration.target import ServingTarget
from domain.declaration.workload import Workload
from domain.ledger.fact import Kind
from domain.release.failed_units import failed_units
from domain.release.manifest import Release
from domain.tags import utc_text
from flows.rollout.cleanup import clean_stage, clean_up_failed
from flows.stage.stage_run import ServingRun
from tasks.artifacts import show_page
from tasks.reports.deployment_summary import deployment_summary, still_there


def finish_stage(at: ServingRun, workload: Workload, release: Release, stage: Stage, target: ServingTarget) -> None:
    """Once, when the stage serves the release: remove what is old and tell. A run that died before this does it next time."""
    if at.recorded(Kind.CLEANED):
        return
    endpoints, gone = _endpoints(at, release), failed_units(at.facts())
    if gone:
        _clean_up(at, target, [endpoints[name] for name in gone])
    cleaned = clean_stage(at.platform, at.held, endpoints.values(), target.kept_deployments)
    facts = at.facts()
    summary = deployment_summary(
        release,
        stage,
        facts,
        endpoints=endpoints,
        circuits=len(workload.units),
        failures=gone,
        running=still_there(cleaned, at.platform.describe()),
        workspace=at.platform.place,
        deployed_at=utc_text(datetime.now(UTC)),
    )
    show_page(
        f"```\n{summary}\n```", key=f"summary-{stage.name}", description=f"Release {release.name} at {stage.name}"
    )
    for line in summary.splitlines():
        get_run_logger().info(line)
    at.write(Kind.CLEANED, cleaned.body(stage.name))


def clean_up_unswitched(at: ServingRun, release: Release, target: ServingTarget) -> None:
    """Where the target is declared so, remove what a release made that did not get to its switch."""
    _clean_up(at, target, list(_endpoints(at, release).values()))


def _clean_up(at: ServingRun, target: ServingTarget, endpoints: Sequence[str]) -> None:
    if target.failed_deployments == "delete":
        cleaned = clean_up_failed(at.facts(), at.platform, at.release, at.stage, at.held, endpoints)
        if cleaned.removed or cleaned.removed_endpoints or cleaned.missed:
            at.write(Kind.DISCARDED, cleaned.body(at.stage))


def _endpoints(at: ServingRun, release: Release) -> dict[str, str]:
    """Circuit → endpoint."""
    return {str(unit.unit): at.platform.endpoint(unit.unit) for unit in release.units}

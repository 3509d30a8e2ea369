"""After a verified release: old deployments go. After a failed one, where it is asked for: its own. Neither fails a release."""

from collections.abc import Container, Iterable, Mapping, Sequence
from concurrent.futures import CancelledError
from typing import Any

from prefect import get_run_logger

from domain.errors import SignalboxError
from domain.ledger.fact import Fact, Kind, facts_of
from domain.naming import deployment_name, old_deployment_name
from domain.rollout.cleanup_report import CleanupReport
from domain.rollout.retention import FOR_ROLLBACK, SERVES, RetentionPlan, made_by_release, plan_retention
from flows.fan_out.each import map_units
from tasks.ledger.lease import HeldStage
from tasks.targets.platform import Platform, remove_deployment, remove_endpoint
from tasks.targets.serving import Inventory, inventories

MOST_REMOVED = 2000
"""Deployments that one clean-up removes, so that it ends, and its fact fits into the ledger; the next one goes on."""
MOST_LOGGED = 10

Gone = dict[str, tuple[str, ...]]


def clean_stage(platform: Platform, held: HeldStage, endpoints: Iterable[str], keep: int) -> CleanupReport:
    """Remove what is old at these endpoints, side by side, while the stage is held.

    keep: deployments that stay at each, what serves included. What could not be removed is in `missed`; the next clean-up
    finds it again, also after a kill: nothing is remembered, Azure says what is there.
    """
    there, missed = inventories(platform, endpoints)
    plans = {endpoint: plan_retention(one.deployments, one.default, keep) for endpoint, one in there.items()}
    wanted = [(endpoint, name) for endpoint, plan in plans.items() for name in plan.removed]
    removed, not_removed = _remove(platform, held, wanted[:MOST_REMOVED])
    if len(wanted) > MOST_REMOVED:
        not_removed[f"{len(wanted) - MOST_REMOVED} more"] = f"one clean-up removes {MOST_REMOVED}"
    return _told(plans, removed, (), missed | not_removed)


def discard_stage(
    facts: Sequence[Fact], platform: Platform, release: str, stage: str, held: HeldStage, endpoints: Iterable[str]
) -> CleanupReport:
    """Remove what a release made that failed before its switch: its deployments, and endpoints that have no other.

    facts: of the release. endpoints: of the circuits that failed. One that a switch of this release was begun for stays as
    it is, and nothing that serves is removed.
    """
    begun = {endpoint for fact in facts_of(facts, Kind.JOURNAL, stage) for endpoint in fact.body.get("after", ())}
    there, missed = inventories(platform, set(endpoints) - begun)
    plans = {
        endpoint: _without(one, {deployment_name(release), old_deployment_name(release)})
        for endpoint, one in there.items()
    }
    removed, not_removed = _remove(
        platform, held, [(endpoint, name) for endpoint, plan in plans.items() for name in plan.removed]
    )
    missed |= not_removed
    calls = {
        endpoint: (platform, held, endpoint, release)
        for endpoint, plan in plans.items()
        if not plan.stays and len(plan.removed) == len(removed.get(endpoint, ()))
    }
    gone, not_gone = _outcomes(map_units(remove_endpoint, calls, "remove endpoints with nothing left"))
    emptied = tuple(endpoint for endpoint, is_gone in gone.items() if is_gone)
    return _told(plans, removed, emptied, missed | not_gone)


def _without(one: Inventory, names: Container[str]) -> RetentionPlan:
    """The plan that takes the deployment of one of these names away, if it is ours and does not serve."""
    removed = {
        made.name
        for made in one.deployments
        if made.name in names and made.name != one.default and made_by_release(made)
    }
    stays = {
        made.name: SERVES if made.name == one.default else "not of the release that failed"
        for made in one.deployments
        if made.name not in removed
    }
    return RetentionPlan(stays, dict.fromkeys(removed, "its release failed before the switch"))


def _remove(platform: Platform, held: HeldStage, wanted: list[tuple[str, str]]) -> tuple[Gone, dict[str, str]]:
    calls = {f"{name} of {endpoint}": (platform, held, endpoint, name) for endpoint, name in wanted}
    done, missed = _outcomes(map_units(remove_deployment, calls, "remove old deployments"))
    removed: Gone = {}
    for endpoint, name in wanted:
        if f"{name} of {endpoint}" in done:
            removed[endpoint] = (*removed.get(endpoint, ()), name)
    return removed, missed


def _outcomes(outcomes: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Results, and reasons of what did not work: that is no matter of the release's, whatever it is."""
    done, missed = {}, {}
    for what, outcome in outcomes.items():
        if isinstance(outcome, SignalboxError | CancelledError):
            missed[what] = str(outcome)
        elif isinstance(outcome, Exception):
            missed[what] = f"{type(outcome).__name__}: {outcome}"
        elif isinstance(outcome, BaseException):
            raise outcome
        else:
            done[what] = outcome
    return done, missed


def _told(
    plans: Mapping[str, RetentionPlan], removed: Gone, emptied: tuple[str, ...], missed: dict[str, str]
) -> CleanupReport:
    for what, why in list(missed.items())[:MOST_LOGGED]:
        get_run_logger().warning("Not removed: %s (%s). The next clean-up will try again", what, why)
    if len(missed) > MOST_LOGGED:
        get_run_logger().warning(
            "%d more were not removed. The next clean-up will try again", len(missed) - MOST_LOGGED
        )
    reasons = [why for plan in plans.values() for why in plan.stays.values()]
    serving, way_back = reasons.count(SERVES), reasons.count(FOR_ROLLBACK)
    planned = sum(len(plan.removed) for plan in plans.values())
    gone = sum(len(names) for names in removed.values())
    return CleanupReport(
        endpoints=sum(bool(plan.stays) or len(plan.removed) > len(removed.get(at, ())) for at, plan in plans.items()),
        serving=serving,
        way_back=way_back,
        others=len(reasons) - serving - way_back + planned - gone,
        removed=removed,
        removed_endpoints=emptied,
        missed=missed,
    )

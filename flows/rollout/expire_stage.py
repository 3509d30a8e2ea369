"""What has outlived its time to live: announced first, then removed. (Seed 001, "Delete-After-24Hours".)"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial

from prefect import get_run_logger

from blocks.ledger import Ledger
from domain.approval.notice import time_is_up
from domain.declaration.stage import Stage
from domain.declaration.workload import Workload
from domain.errors import StageBusy, Terminal
from domain.ledger.fact import Kind, facts_of
from domain.ownership import why_not_ours
from domain.rollout.expiry import EXPIRES_AT, ExpiryStep, announced, due
from domain.tags import RELEASE_ID
from domain.text import listed_reasons
from flows.fan_out.error_list import ErrorList
from tasks.flow_run import short_run_id
from tasks.ledger.facts import read_facts, record
from tasks.ledger.lease import HeldStage, stage_lease
from tasks.notices import notify
from tasks.platforms import container_groups_of
from tasks.targets.container_instance.target import ContainerGroups
from tasks.targets.ownership import Makers


def expire_stage(
    errors: ErrorList, ledger: Ledger, workload: Workload, stage: Stage, now: datetime, dry_run: bool
) -> None:
    """Announce and remove what is due at a stage, or say what would be; what fails keeps no other endpoint from its end.

    A stage where somebody is at work is left for the next time. What does not have Signalbox's tags is never touched.
    """
    with errors.collecting(f"stage {stage.name} of {workload.name}"):
        platform = container_groups_of(workload, stage.target)
        if platform is None:
            return
        known = Makers(ledger, workload.name, stage.name)
        units = {platform.endpoint(unit): unit for unit in workload.units}
        for endpoint, tags in platform.lifetimes().items():
            if why := why_not_ours(endpoint, tags, workload.name, partial(known.made, unit=units[endpoint])):
                get_run_logger().warning("%s at %s is left alone: %s", endpoint, stage.name, why)
                continue
            one = due(tags, now)
            get_run_logger().info("%s at %s: %s, %s", endpoint, stage.name, one.step, one.reason)
            if one.step is ExpiryStep.LEAVE:
                continue
            if dry_run:
                errors.done.append(f"would {one.step} {endpoint}: {one.reason}")
                continue
            with errors.collecting(f"{endpoint} at {stage.name} of {workload.name}"), suppress(StageBusy):
                errors.done.extend(_step(ledger, workload, stage, platform, endpoint, now))


def _step(
    ledger: Ledger, workload: Workload, stage: Stage, platform: ContainerGroups, endpoint: str, now: datetime
) -> list[str]:
    """Hold the stage and do what is due then; in words, what was done."""
    with stage_lease(ledger, workload.name, stage.name, f"expire-{short_run_id()}") as held:
        tags = platform.lifetimes().get(endpoint, {})  # as they are now that nobody else changes them
        match due(tags, now).step:
            case ExpiryStep.ANNOUNCE:
                return [_announce(held, platform, workload, stage, endpoint, tags, now)]
            case ExpiryStep.DELETE:
                _write_down(ledger, workload, stage, endpoint, tags)
                platform.switch(held, endpoint, None)
                return [f"deleted {endpoint}"]
        return []


def _announce(
    held: HeldStage,
    platform: ContainerGroups,
    workload: Workload,
    stage: Stage,
    endpoint: str,
    tags: Mapping[str, str],
    now: datetime,
) -> str:
    """Tell people; the tags say so once somebody was reached. Terminal where nobody can be: then nothing is removed.

    A stage that declares no channel wants nobody told, as a gate's group without one: the log has the notice, and it goes.
    """
    channels = platform.target.notify
    notice = time_is_up(workload.name, tags[RELEASE_ID], stage.name, endpoint, tags[EXPIRES_AT])
    if not channels:
        get_run_logger().warning("%s\n%s", notice.subject, notice.body)
        platform.retag(held, endpoint, announced(tags, now))
        return f"announced {endpoint} only in the log: stage {stage.name} declares no `notify`"
    missed = notify(channels, notice)
    if len(missed) >= len(set(channels)):
        raise Terminal(
            f"nobody could be told that its time is up, so it is kept: {listed_reasons(missed)}. Fix the stage's channels"
        )
    platform.retag(held, endpoint, announced(tags, now))
    return f"announced {endpoint}" + (f", but not to {listed_reasons(missed)}" if missed else "")


def _write_down(ledger: Ledger, workload: Workload, stage: Stage, endpoint: str, tags: Mapping[str, str]) -> None:
    """Before it is removed, and once, where a run was killed in between."""
    release, body = tags[RELEASE_ID], {"stage": stage.name, "endpoint": endpoint, EXPIRES_AT: tags[EXPIRES_AT]}
    facts = read_facts(ledger, workload.name, release)
    if facts and all(fact.body != body for fact in facts_of(facts, Kind.EXPIRED, stage.name)):
        record(ledger, workload.name, release, Kind.EXPIRED, body)

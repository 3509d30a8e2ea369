"""What has outlived its time to live: announced first, then removed. (Seed 001, "Delete-After-24Hours".)"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

from prefect import get_run_logger

from blocks.ledger import Ledger
from domain.errors import StageBusy
from domain.expiry import EXPIRES_AT, Step, announced, due
from domain.fact import Kind, facts_of
from domain.notice import time_is_up
from domain.stage import Stage
from domain.tags import RELEASE_ID
from domain.target import ContainerInstanceTarget
from domain.workload import Workload
from tasks.container_instances import ContainerGroups
from tasks.lease import stage_lease
from tasks.ledger import read_facts, record
from tasks.notices import notify
from tasks.platforms import platform_of

HOLDER = "expire"
"""Of a stage's lease: nothing is deployed there meanwhile."""


def expire_stage(ledger: Ledger, workload: Workload, stage: Stage, now: datetime, dry_run: bool) -> list[str]:
    """Announce and remove what is due at a stage; in words, what was done, or would be.

    A stage that somebody is deploying to is left for the next time. What does not carry our tags is never touched.
    """
    platform = platform_of(workload, stage.target) if isinstance(stage.target, ContainerInstanceTarget) else None
    if not isinstance(platform, ContainerGroups):
        return []
    steps = {endpoint: due(tags, now) for endpoint, tags in platform.lifetimes().items()}
    told: list[str] = []
    for endpoint, one in steps.items():
        get_run_logger().info("%s at %s: %s, %s", endpoint, stage.name, one.step, one.reason)
        if one.step is Step.LEAVE:
            continue
        if dry_run:
            told.append(f"would {one.step} {endpoint}: {one.reason}")
            continue
        with suppress(StageBusy), stage_lease(ledger, workload.name, stage.name, HOLDER) as held:
            tags = platform.lifetimes().get(endpoint, {})  # as they are now that nobody else changes them
            step = due(tags, now).step
            if step is Step.ANNOUNCE and _announce(platform, workload, stage, endpoint, tags, now):
                told.append(f"announced {endpoint}")
            elif step is Step.DELETE:
                _write_down(ledger, workload, stage, endpoint, tags)
                platform.switch(held, endpoint, None)
                told.append(f"deleted {endpoint}")
    return told


def _announce(
    platform: ContainerGroups, workload: Workload, stage: Stage, endpoint: str, tags: Mapping[str, str], now: datetime
) -> bool:
    """Tell people; the tags say so once somebody was reached. While nobody can be, nothing is removed."""
    channels = platform.target.notify
    notice = time_is_up(workload.name, tags[RELEASE_ID], stage.name, endpoint, tags[EXPIRES_AT])
    missed = notify(channels, notice)
    if channels and len(missed) >= len(set(channels)):
        get_run_logger().error(
            "Nobody could be told that the time of %s is up, so it stays: mend the channels of stage %s",
            endpoint,
            stage.name,
        )
        return False
    platform.retag(endpoint, announced(tags, now))
    return True


def _write_down(ledger: Ledger, workload: Workload, stage: Stage, endpoint: str, tags: Mapping[str, str]) -> None:
    """Before it is removed, and once, where a run was killed in between."""
    release, body = tags[RELEASE_ID], {"stage": stage.name, "endpoint": endpoint, EXPIRES_AT: tags[EXPIRES_AT]}
    facts = read_facts(ledger, workload.name, release)
    if facts and all(fact.body != body for fact in facts_of(facts, Kind.EXPIRED, stage.name)):
        record(ledger, workload.name, release, Kind.EXPIRED, body)

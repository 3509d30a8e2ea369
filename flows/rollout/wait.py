"""A stage is left free while a wave soaks, or until its windows open; nothing of that is remembered by a process."""

import time
from datetime import UTC, datetime

from prefect import get_run_logger

from blocks.ledger import Ledger
from domain.declaration.stage import Stage
from domain.ledger.fact import Kind, facts_of
from domain.release.manifest import Release
from domain.utc import utc_text
from tasks.ledger.facts import read_facts

LOOKED_EVERY = 10.0
"""Seconds between two looks at the ledger meanwhile."""


def wait_until(ledger: Ledger, release: Release, stage: Stage, until: datetime, why: str) -> None:
    """Until then, or until somebody has rolled back what the release switched there. Ended and run again it does not start over."""
    get_run_logger().info("%s: %s; this goes on at %s", stage.name, why, utc_text(until))
    while (seconds := (until - datetime.now(UTC)).total_seconds()) > 0:
        facts = read_facts(ledger, release.workload, release.name)
        if facts_of(facts, Kind.ROLLED_BACK, stage.name) or facts_of(facts, Kind.HELD, stage.name):
            return
        time.sleep(min(seconds, LOOKED_EVERY))

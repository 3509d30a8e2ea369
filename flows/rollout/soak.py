"""Between two waves the stage is free, and the ledger knows until when."""

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
"""Seconds between two looks at the ledger while a wave soaks."""


def wait_for_soak(ledger: Ledger, release: Release, stage: Stage, until: datetime) -> None:
    """Until the next wave may begin, or until somebody has rolled back what soaks. Ended and run again it does not start over."""
    get_run_logger().info("%s: a wave is soaking; the next begins at %s", stage.name, utc_text(until))
    while (seconds := (until - datetime.now(UTC)).total_seconds()) > 0:
        facts = read_facts(ledger, release.workload, release.name)
        if facts_of(facts, Kind.ROLLED_BACK, stage.name) or facts_of(facts, Kind.HELD, stage.name):
            return
        time.sleep(min(seconds, LOOKED_EVERY))

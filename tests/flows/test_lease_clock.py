"""A lease is dated by the storage service: a worker whose own clock is wrong neither takes a living one nor trusts a dead one."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import StageBusy
from domain.ledger.lease import DURATION
from tasks.ledger import storage_clock
from tasks.ledger.facts import open_ledger
from tasks.ledger.lease import stage_lease


@pytest.fixture(params=[3600, -3600], ids=["an hour ahead", "an hour behind"])
def wrong(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    class Wrong(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(seconds=request.param)

    monkeypatch.setattr(storage_clock, "datetime", Wrong)


def test_a_living_lease_is_not_taken(site, unique: str, wrong: None) -> None:
    with (
        stage_lease(site.ledger, unique, "production", "20260101.1"),
        pytest.raises(StageBusy, match=r"held by release 20260101\.1, which is at work"),
        stage_lease(site.ledger, unique, "production", "20260101.2"),
    ):
        pass


def test_a_lease_ends_by_the_service_s_clock(site, unique: str, wrong: None) -> None:
    with stage_lease(site.ledger, unique, "production", "20260101.1") as held:
        held.check()
        blob = open_ledger(site.ledger).get_blob_client(f"leases/{unique}/production.json")
        assert held._lease.model_validate_json(blob.download_blob().readall()) == held._lease
        left = held._lease.until - datetime.now(UTC)
        assert DURATION - timedelta(seconds=15) < left < DURATION + timedelta(seconds=5)

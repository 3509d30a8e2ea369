"""Releases that race for a stage, holders that die, and one that wakes up late."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from own_faults import OwnFaults
from tiny import APPROVE, Tiny, answering, endpoints_in

from domain.errors import StageLost, Terminal
from domain.lease import DURATION, Lease
from domain.replacement import FENCE
from tasks import lease
from tasks.lease import stage_lease
from tasks.ledger import open_ledger

OLD, NEW = "20990101.1", "20990101.2"


@pytest.fixture
def stage(request: pytest.FixtureRequest) -> str:
    """A stage of the test's own."""
    return f"stage-{request.node.name}"


def stored(site: Any, stage: str) -> tuple[Any, Lease]:
    blob = open_ledger(site.ledger).get_blob_client(f"leases/plants/{stage}.json")
    return blob, Lease.model_validate_json(blob.download_blob().readall())


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Holders that do not renew their leases, as one that died or sleeps."""
    monkeypatch.setattr(lease, "RENEWED_EVERY", 1000.0)
    yield


def run_out(site: Any, stage: str) -> None:
    """As if the lease's time had passed."""
    blob, held = stored(site, stage)
    blob.upload_blob(held.ended(datetime.now(UTC) - timedelta(seconds=1)).model_dump_json(), overwrite=True)


def test_of_many_that_race_exactly_one_holds_the_stage(site: Any, stage: str) -> None:
    inside, most, lock = 0, 0, threading.Lock()
    release = threading.Event()

    def take(number: int) -> str:
        nonlocal inside, most
        try:
            with stage_lease(site.ledger, "plants", stage, f"20990101.{number}"):
                with lock:
                    inside += 1
                    most = max(most, inside)
                release.wait(30)
                with lock:
                    inside -= 1
                return "held"
        except Terminal as refused:
            assert "is held by release 20990101." in str(refused)
            return "refused"

    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(take, number) for number in range(1, 9)]
        while sum(future.done() for future in futures) < 7:
            release.wait(0.1)
        release.set()
        outcomes = [future.result() for future in futures]
    assert (most, outcomes.count("held"), outcomes.count("refused")) == (1, 1, 7)


@pytest.mark.usefixtures("silent")
def test_a_dead_holder_is_waited_for_and_followed(site: Any, stage: str) -> None:
    taken = lease._taken(open_ledger(site.ledger).get_blob_client(f"leases/plants/{stage}.json"), stage, OLD)
    taken.announce((OLD,))
    blob, dead = stored(site, stage)
    soon = dead.model_copy(update={"until": datetime.now(UTC) + timedelta(seconds=3)})
    blob.upload_blob(soon.model_dump_json(), overwrite=True)
    with stage_lease(site.ledger, "plants", stage, NEW) as held:
        assert datetime.now(UTC) >= soon.until
        assert held.fence > taken.fence
        assert held.left == (OLD,)


@pytest.mark.usefixtures("silent")
def test_a_holder_that_wakes_up_late_does_nothing_more(site: Any, stage: str) -> None:
    with stage_lease(site.ledger, "plants", stage, OLD) as late:
        late._lease = late._lease.ended(datetime.now(UTC) - DURATION)  # it slept
        run_out(site, stage)
        with stage_lease(site.ledger, "plants", stage, NEW) as held:
            for act in (late.check, lambda: late.announce((OLD,))):
                with pytest.raises(StageLost, match="was taken by another run"):
                    act()
            held.check()
        assert stored(site, stage)[1].holder == NEW


def test_a_lease_is_renewed_while_its_holder_lives(site: Any, stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "RENEWED_EVERY", 0.2)
    with stage_lease(site.ledger, "plants", stage, OLD) as held:
        first = stored(site, stage)[1].until
        threading.Event().wait(1.5)
        assert stored(site, stage)[1].until > first
        with pytest.raises(Terminal, match=rf"held by release {OLD}, which is at work; {NEW} did not touch it"):
            lease._taken(open_ledger(site.ledger).get_blob_client(f"leases/plants/{stage}.json"), stage, NEW)
        held.check()


def test_a_lease_given_back_is_taken_at_once_and_one_that_cannot_be_read_is_refused(site: Any, stage: str) -> None:
    with stage_lease(site.ledger, "plants", stage, OLD):
        pass
    with stage_lease(site.ledger, "plants", stage, NEW):
        pass
    stored(site, stage)[0].upload_blob(b"nobody's", overwrite=True)
    with pytest.raises(Terminal, match="cannot be read"), stage_lease(site.ledger, "plants", stage, OLD):
        pass


def test_an_answer_that_was_lost_loses_no_stage(site: Any, stage: str, faults: OwnFaults) -> None:
    with stage_lease(site.ledger, "plants", stage, OLD) as held:
        _, before = stored(site, stage)
        blob = stored(site, stage)[0]
        # as if the SDK had written it and not been told: the etag that is known is not the newest
        blob.upload_blob(before.renewed(datetime.now(UTC)).model_dump_json(), overwrite=True)
        held.announce((OLD,))
        assert stored(site, stage)[1].ledgers == (OLD,)
        faults.add("reset", path=f"leases/plants/{stage}", times=1)
        held.announce(())
        assert stored(site, stage)[1].ledgers == ()


@pytest.mark.usefixtures("silent")
def test_an_endpoint_is_not_switched_by_an_earlier_holder(site: Any, tiny: Tiny) -> None:
    from flows.release import release
    from tasks.batch_endpoints import naming_of

    approver, _ = answering(APPROVE)
    with approver:
        assert release(tiny.name, tiny.candidates().to_json(), "linus", return_state=True).name == "Succeeded"
    endpoint = naming_of(site.production).endpoint(tiny.units()[0])
    client = site.production.get_client()
    served = client.batch_endpoints.get(endpoint)
    assert int(served.tags[FENCE]) > 0
    served.tags[FENCE] = str(2**40)
    client.batch_endpoints.begin_create_or_update(served).result()
    with stage_lease(site.ledger, tiny.name, "production", OLD) as held:
        with pytest.raises(StageLost, match="by a later holder"):
            endpoints_in(site.production).switch(held, endpoint, "deployment-other")
        assert client.batch_endpoints.get(endpoint).defaults.deployment_name == served.defaults.deployment_name
        served.tags[FENCE] = "by hand"
        client.batch_endpoints.begin_create_or_update(served).result()
        with pytest.raises(
            Terminal, match=f"tag {FENCE} of endpoint {endpoint} is 'by hand', which is no fencing number"
        ):
            endpoints_in(site.production).switch(held, endpoint, "deployment-other")

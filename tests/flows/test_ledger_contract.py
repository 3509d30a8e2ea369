"""One contract for the ledger's storage: Azure's, as the emulator answers, and the twin on which rules are tested.

Facts are created once and chained; documents are replaced; codes are used up once, and counted; a stage is held by one at a time: by many that
race, by holders that die, and by one that wakes up late.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from prefect import flow
from twins import Twins

from blocks.ledger import Ledger
from domain.approval.proofs.one_time_code import STEP_SECONDS
from domain.approval.proofs.single_use import SPAN, OneTime
from domain.errors import StageLost, Terminal, Transient
from domain.ledger.fact import Fact, Kind, chain_faults
from domain.ledger.lease import DURATION, Lease
from tasks.approval.lockout import Guess, count_guess, was_right
from tasks.approval.used_proofs import FOLDER, is_first_sight
from tasks.ledger import lease
from tasks.ledger.facts import append_fact, keep_document, open_ledger, read_document, read_facts, record, release_names
from tasks.ledger.lease import stage_lease

OLD, NEW = "20990101.1", "20990101.2"


@dataclass(frozen=True)
class Store:
    """A ledger, and how its storage is made to misbehave. lose: the answers to the next writings under a path.

    reset: the connection of the next writing under a path.
    """

    ledger: Ledger
    lose: Callable[[str, int], None]
    reset: Callable[[str], None]

    def blob(self, name: str) -> Any:
        """The SDK's client of one blob, or its twin."""
        return open_ledger(self.ledger).get_blob_client(name)


@pytest.fixture(params=["twin", "azure"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Both answer the same."""
    if request.param == "twin":
        twins = Twins()
        twins.install(monkeypatch, tmp_path)
        trouble = twins.blobs.troubles.add
        yield Store(
            twins.ledger,
            lambda path, times: trouble("lost answer", "write", path, times),
            lambda path: trouble("unreachable", "write", path),
        )
        return
    site, faults = request.getfixturevalue("site"), request.getfixturevalue("faults")
    yield Store(
        site.ledger,
        lambda path, times: faults.add("lost_answer", method="PUT", path=path, times=times),
        lambda path: faults.add("reset", path=path, times=1),
    )


@pytest.fixture
def stage(unique: str) -> str:
    """A stage of the test's own."""
    return f"stage-{unique}"


@pytest.fixture
def workload(unique: str) -> str:
    """A workload of the test's own."""
    return f"kept{unique}"


def stored(store: Store, stage: str) -> tuple[Any, Lease]:
    blob = store.blob(f"leases/plants/{stage}.json")
    return blob, Lease.model_validate_json(blob.download_blob().readall())


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Holders that do not renew their leases, as one that died or sleeps."""
    monkeypatch.setattr(lease, "RENEWED_EVERY", 1000.0)
    yield


def run_out(store: Store, stage: str) -> None:
    """As if the lease's time had passed."""
    blob, held = stored(store, stage)
    blob.upload_blob(held.ended(datetime.now(UTC) - timedelta(seconds=1)).model_dump_json(), overwrite=True)


@pytest.mark.parametrize("times", [1, 7])
def test_a_fact_whose_answer_is_lost_is_written_once(store: Store, workload: str, times: int) -> None:
    store.lose(rf"{workload}/", times)

    @flow
    def writes() -> None:
        for kind in (Kind.REQUESTED, Kind.REFUSED, Kind.REFUSED):
            record(store.ledger, workload, OLD, kind, {"stage": "registry", "parts": ("a", None)})

    writes()
    facts = read_facts(store.ledger, workload, OLD)
    assert [fact.kind for fact in facts] == [Kind.REQUESTED, Kind.REFUSED, Kind.REFUSED]
    assert chain_faults(facts) == ()


def test_an_attempt_that_comes_again_finds_its_fact_below_newer_ones(store: Store, workload: str) -> None:
    at, body = datetime.now(UTC), {"stage": "test"}
    first = append_fact.fn(store.ledger, workload, OLD, Kind.REQUESTED, body, at)
    append_fact.fn(store.ledger, workload, OLD, Kind.DEPLOYED, body, at)
    assert append_fact.fn(store.ledger, workload, OLD, Kind.REQUESTED, body, at) == first
    assert len(read_facts(store.ledger, workload, OLD)) == 2


def test_what_was_just_written_is_not_fetched_again_and_what_is_written_over_it_is(
    store: Store, workload: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fact = record(store.ledger, workload, OLD, Kind.REQUESTED, {"digest": ("a", "b")})
    container = open_ledger(store.ledger)

    def fetched(*_: Any, **__: Any) -> Any:
        raise AssertionError("it was fetched")

    with monkeypatch.context() as patched:
        patched.setattr(type(container), "download_blob", fetched)
        (read,) = read_facts(store.ledger, workload, OLD)
    assert read.canonical_json() == fact.canonical_json()
    assert read.body == {"digest": ["a", "b"]}  # as the ledger has it, not as it was given
    store.blob(fact.slot).upload_blob(fact.canonical_json().replace(b'"a"', b'"c"'), overwrite=True)
    assert read_facts(store.ledger, workload, OLD)[0].body == {"digest": ["c", "b"]}


def test_of_two_writers_at_the_same_moment_each_gets_a_slot_of_its_own(store: Store, workload: str) -> None:
    def write(number: int) -> Fact:
        at = datetime.now(UTC)
        while True:
            try:
                return append_fact.fn(store.ledger, workload, OLD, Kind.REFUSED, {"by": number}, at)
            except Transient as error:
                assert "was written by somebody else at the same time" in str(error)
            except Terminal as error:  # it has seen the head of the one and read the facts before
                assert "the ledger no longer has it" in str(error)

    with ThreadPoolExecutor(3) as pool:
        written = list(pool.map(write, range(3)))
    facts = read_facts(store.ledger, workload, OLD)
    assert sorted(fact.sequence for fact in written) == [0, 1, 2]
    assert {fact.digest for fact in written} == {fact.digest for fact in facts}
    assert chain_faults(facts) == ()


def test_a_taken_slot_is_not_written_over_and_a_fact_that_was_changed_lets_nothing_follow(
    store: Store, workload: str
) -> None:
    from azure.core.exceptions import ResourceExistsError

    at, body = datetime.now(UTC), {"stage": "test"}
    for kind in (Kind.REQUESTED, Kind.DEPLOYED):
        fact = append_fact.fn(store.ledger, workload, OLD, kind, body, at)
    blob = store.blob(fact.slot)
    with pytest.raises(ResourceExistsError):
        blob.upload_blob(b"{}", overwrite=False)
    assert read_facts(store.ledger, workload, OLD)[-1] == fact
    blob.upload_blob(fact.canonical_json().replace(b'"test"', b'"prod"'), overwrite=True)
    assert read_facts(store.ledger, workload, OLD)[-1].body == {"stage": "prod"}
    with pytest.raises(Terminal, match=r"cannot append to the ledger .*[(]fact 1 \(deployed\) was changed"):
        append_fact.fn(store.ledger, workload, OLD, Kind.VERIFIED, body, at)
    blob.delete_blob()
    assert len(read_facts(store.ledger, workload, OLD)) == 1
    with pytest.raises(Terminal, match=r"fact 1 \(deployed\) was written, and the ledger no longer has it"):
        append_fact.fn(store.ledger, workload, OLD, Kind.VERIFIED, body, at)


def test_releases_are_named_newest_first_and_nothing_else_is_taken_for_one(store: Store, workload: str) -> None:
    assert release_names(store.ledger, workload) == ()
    assert read_facts(store.ledger, workload, OLD) == ()
    for name in ("20990101.2", "20990101.10", "20981231.9"):
        append_fact.fn(store.ledger, workload, name, Kind.REQUESTED, {}, datetime.now(UTC))
    keep_document.fn(store.ledger, f"{workload}/notes/a.txt", "no release")
    assert release_names(store.ledger, workload) == ("20990101.10", "20990101.2", "20981231.9")
    assert release_names(store.ledger, workload[:-1]) == ()
    assert len(read_facts(store.ledger, workload, "20990101.1")) == 0  # and not those of .10


def test_a_document_is_kept_and_replaced_and_one_that_is_not_there_is_said(store: Store, workload: str) -> None:
    path = f"reports/{workload}/page.html"
    with pytest.raises(Terminal, match=f"the ledger holds no {path}"):
        read_document(store.ledger, path)
    for text in ("first", "wäre"):
        assert keep_document.fn(store.ledger, path, text) == path
        assert read_document(store.ledger, path) == text


@pytest.mark.parametrize("kind", ["code", "token"])
def test_what_proves_once_is_used_up_by_the_first_answer_that_it_comes_with(
    store: Store, unique: str, kind: str
) -> None:
    """Seen late in one span and early in the next, a code is the same one."""
    one, now = OneTime(kind, f"{kind} of {unique}"), datetime(2099, 1, 1, tzinfo=UTC)
    later = now + timedelta(seconds=SPAN * STEP_SECONDS)
    assert is_first_sight.fn(store.ledger, one, "this", now)
    assert is_first_sight.fn(store.ledger, one, "this", later)  # again after a crash
    assert not is_first_sight.fn(store.ledger, one, "that", now)
    assert not is_first_sight.fn(store.ledger, one, "that", later)
    assert is_first_sight.fn(store.ledger, OneTime(kind, f"another {kind} of {unique}"), "that", now)


@pytest.mark.parametrize("content", [b"no JSON", b"[]", b"{}", b'{"statement": "of an older release"}'])
def test_a_mark_that_cannot_be_read_is_somebody_s(store: Store, unique: str, content: bytes) -> None:
    one, now = OneTime("token", unique), datetime(2099, 1, 1, tzinfo=UTC)
    assert is_first_sight.fn(store.ledger, one, "this", now)
    name = f"{FOLDER}/{sha256(one.marks(now)[0].encode()).hexdigest()}.json"
    open_ledger(store.ledger).upload_blob(name, content, overwrite=True)
    assert not is_first_sight.fn(store.ledger, one, "this", now)


def test_of_many_that_race_exactly_one_holds_the_stage(
    store: Store, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "RENEWED_EVERY", 1.0)
    inside, most, lock = 0, 0, threading.Lock()
    release = threading.Event()

    def take(number: int) -> str:
        nonlocal inside, most
        try:
            with stage_lease(store.ledger, "plants", stage, f"20990101.{number}"):
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
def test_a_dead_holder_is_waited_for_and_followed(store: Store, stage: str) -> None:
    taken = lease._taken(store.blob(f"leases/plants/{stage}.json"), stage, OLD)
    taken.announce((OLD,))
    blob, dead = stored(store, stage)
    soon = dead.model_copy(update={"until": datetime.now(UTC) + timedelta(seconds=3)})
    blob.upload_blob(soon.model_dump_json(), overwrite=True)
    with stage_lease(store.ledger, "plants", stage, NEW) as held:
        assert datetime.now(UTC) >= soon.until
        assert held.fence > taken.fence
        assert held.left == (OLD,)


@pytest.mark.usefixtures("silent")
def test_a_holder_that_wakes_up_late_does_nothing_more(store: Store, stage: str) -> None:
    with stage_lease(store.ledger, "plants", stage, OLD) as late:
        late._lease = late._lease.ended(datetime.now(UTC) - DURATION)  # it slept
        run_out(store, stage)
        with stage_lease(store.ledger, "plants", stage, NEW) as held:
            for act in (late.check, lambda: late.announce((OLD,))):
                with pytest.raises(StageLost, match="was taken by another run"):
                    act()
            held.check()
        assert stored(store, stage)[1].holder == NEW


def test_a_lease_is_renewed_while_its_holder_lives(store: Store, stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "RENEWED_EVERY", 0.2)
    with stage_lease(store.ledger, "plants", stage, OLD) as held:
        first = stored(store, stage)[1].until
        threading.Event().wait(1.5)
        assert stored(store, stage)[1].until > first
        with pytest.raises(Terminal, match=rf"held by release {OLD}, which is at work; {NEW} did not touch it"):
            lease._taken(store.blob(f"leases/plants/{stage}.json"), stage, NEW)
        held.check()


def test_a_lease_given_back_is_taken_at_once_and_one_that_cannot_be_read_is_refused(store: Store, stage: str) -> None:
    with stage_lease(store.ledger, "plants", stage, OLD):
        pass
    with stage_lease(store.ledger, "plants", stage, NEW):
        pass
    stored(store, stage)[0].upload_blob(b"nobody's", overwrite=True)
    with pytest.raises(Terminal, match="cannot be read"), stage_lease(store.ledger, "plants", stage, OLD):
        pass


def test_an_answer_that_was_lost_loses_no_stage(store: Store, stage: str) -> None:
    with stage_lease(store.ledger, "plants", stage, OLD) as held:
        _, before = stored(store, stage)
        blob = stored(store, stage)[0]
        # as if the SDK had written it and not been told: the etag that is known is not the newest
        blob.upload_blob(before.renewed(datetime.now(UTC)).model_dump_json(), overwrite=True)
        held.announce((OLD,))
        assert stored(store, stage)[1].ledgers == (OLD,)
        store.reset(f"leases/plants/{stage}")
        held.announce(())
        assert stored(store, stage)[1].ledgers == ()


@pytest.fixture
def authenticator(unique: str) -> str:
    """The id of one of the test's own."""
    return f"code:{unique}"


def guessed(store: Store, authenticator: str, *right: bool) -> list[Guess | datetime]:
    """Codes that come one after the other, and whether each is right."""
    found = []
    for one in right:
        found.append(count_guess.fn(store.ledger, authenticator, uuid4().hex))
        if one and isinstance(found[-1], Guess):
            was_right.fn(store.ledger, found[-1])
    return found


def test_five_wrong_codes_lock_an_authenticator_and_no_other(store: Store, authenticator: str) -> None:
    *four, fifth, sixth, seventh = guessed(store, authenticator, *[False] * 7)
    assert [one.locks_until for one in four if isinstance(one, Guess)] == [None] * 4
    assert isinstance(fifth, Guess) and isinstance(fifth.locks_until, datetime)
    assert timedelta(minutes=59) < fifth.locks_until - datetime.now(UTC) <= timedelta(minutes=61)
    assert isinstance(sixth, datetime) and sixth == seventh
    assert abs(sixth - fifth.locks_until) <= timedelta(seconds=2)  # storage keeps times to the second
    assert isinstance(guessed(store, f"{authenticator}0", False)[0], Guess)


def test_right_codes_between_them_neither_lock_nor_help(store: Store, authenticator: str) -> None:
    found = guessed(store, authenticator, *[False, True] * 4, *[True] * 150, False, True)
    assert all(isinstance(one, Guess) for one in found[:-1])
    assert isinstance(found[-1], datetime)


def test_of_many_codes_at_once_five_are_looked_at(store: Store, authenticator: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: count_guess.fn(store.ledger, authenticator, str(number)), range(16)))
    assert sum(isinstance(one, Guess) for one in found) == 5


def test_a_code_that_is_counted_again_for_the_same_attempt_is_counted_once(store: Store, authenticator: str) -> None:
    first = count_guess.fn(store.ledger, authenticator, "one attempt")
    assert [count_guess.fn(store.ledger, authenticator, "one attempt") for _ in range(9)] == [first] * 9
    assert [isinstance(one, Guess) for one in guessed(store, authenticator, *[False] * 5)] == [True] * 4 + [False]


def test_a_code_whose_counting_was_not_answered_is_counted_once(store: Store, authenticator: str) -> None:
    store.lose(r"_guesses/", 1)
    assert [isinstance(one, Guess) for one in guessed(store, authenticator, *[False] * 6)] == [True] * 5 + [False]

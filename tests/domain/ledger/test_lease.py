"""One holder at a time, each with a higher fencing token than the ones before."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.ledger.lease import DURATION, MARGIN, Lease, next_lease

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
LEASE = next_lease(None, "20260105.1", "first", NOW)
MOMENTS = st.integers(-200, 200).map(lambda seconds: NOW + timedelta(seconds=seconds))


def test_a_lease_keeps_others_out_until_its_end_and_never_its_own_release() -> None:
    assert LEASE.keeps_out("20260105.2", NOW + DURATION - timedelta(seconds=1))
    assert not LEASE.keeps_out("20260105.2", NOW + DURATION)
    assert not LEASE.keeps_out("20260105.1", NOW)
    assert not LEASE.ended(NOW).keeps_out("20260105.2", NOW)


def test_a_holder_stops_trusting_its_lease_before_others_may_take_it() -> None:
    assert LEASE.is_trusted(NOW + DURATION - MARGIN - timedelta(seconds=1))
    assert not LEASE.is_trusted(NOW + DURATION - MARGIN)
    assert LEASE.renewed(NOW + DURATION).is_trusted(NOW + DURATION)


@given(st.lists(MOMENTS, min_size=2, max_size=10))
def test_fencing_tokens_rise_at_every_taking_even_where_clocks_are_set_back(moments: list[datetime]) -> None:
    lease: Lease | None = None
    fences = []
    for number, moment in enumerate(moments):
        lease = next_lease(lease, f"release {number}", str(number), moment)
        fences.append(lease.fence)
    assert fences == sorted(set(fences))


def test_fencing_tokens_rise_where_the_lease_was_deleted() -> None:
    assert next_lease(None, "later", "second", NOW + timedelta(hours=1)).fence > LEASE.fence


def test_who_comes_next_learns_what_may_be_left_half_done() -> None:
    dead = LEASE.about(("20260105.1",))
    assert next_lease(dead, "20260105.2", "second", NOW).ledgers == ("20260105.1",)

"""Where runs are killed: at every boundary in turn, spread over the run; and how that is counted."""

import threading
from collections import Counter
from types import SimpleNamespace

import pytest
from azure.core.pipeline.transport import RequestsTransport
from chances import chance_of
from chaos import LANES, at_least_one, divided, main, shares, told
from forked import Killed, forked
from killing import RENEWAL, Boundary, Kill, Requests, step_of
from tour import Tour, boundaries_of
from trial import Trial, Verdict

ARM = "https://management.azure.com/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices"
STEPS = [(f"PUT {number}", 1) for number in range(20)]


def test_a_step_is_the_same_in_every_release_of_every_fleet() -> None:
    blob = "https://ledger.blob.core.windows.net/ledger"
    assert (
        step_of("PUT", f"{blob}/chaosa1/20260101.2/000003.json?x=1", "chaosa1")
        == "PUT ledger/FLEET/RELEASE/000003.json"
    )
    assert step_of("PUT", f"{ARM}/workspaces/w/batchEndpoints/be-chaosa1-b2?v=1", "chaosa1") == (
        "PUT workspaces/w/batchEndpoints/be-FLEET-b2"
    )
    assert step_of("PUT", f"{ARM}/registries/r/models/chaosa1-a1/versions/12", "chaosa1") == (
        "PUT registries/r/models/FLEET-a1/versions/…"
    )
    assert "be-chaosa12-b2" in step_of("PUT", f"{ARM}/workspaces/w/batchEndpoints/be-chaosa12-b2", "chaosa1")
    assert step_of("PUT", f"https://h/{'0' * 8}-{'1' * 4}-{'2' * 4}-{'3' * 4}-{'4' * 12}/f", "x") == "PUT …/f"


def send(monkeypatch: pytest.MonkeyPatch, kill: Kill, *urls: str) -> list[str]:
    """Send these as an SDK does, its network left out; what was answered, where the process lives on."""
    answered: list[str] = []
    monkeypatch.setattr(RequestsTransport, "send", lambda _, request, **__: answered.append(request.url))
    requests = Requests("chaosa1", kill)
    requests.watch()
    for url in urls:
        RequestsTransport.send(None, SimpleNamespace(method="PUT", url=url))  # type: ignore[arg-type]
    return answered


def test_a_run_is_killed_at_its_boundary_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def alive(kill: Kill) -> bool:
        try:
            return len(forked(send, monkeypatch, kill, "https://h/a", "https://h/b", "https://h/a")) == 3
        except Killed:
            return False

    for after in (False, True):
        assert not alive(Kill(Boundary("PUT a", 1, after)))
        assert not alive(Kill(Boundary("PUT a", 2, after)))
        assert alive(Kill(Boundary("PUT b", 2, after)))
    assert alive(Kill())
    assert alive(Kill(seconds=60))


def test_renewals_of_a_lease_come_by_the_clock_and_are_no_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RequestsTransport, "send", lambda *_, **__: None)
    requests = Requests("chaosa1", Kill())
    requests.watch()
    renewal = threading.Thread(
        target=RequestsTransport.send,
        args=(None, SimpleNamespace(method="PUT", url="https://h/lease")),
        name=f"{RENEWAL}production",
    )
    renewal.start()
    renewal.join()
    RequestsTransport.send(None, SimpleNamespace(method="PUT", url="https://h/lease"))  # type: ignore[arg-type]
    assert requests.sent == [("PUT lease", 1)]


def test_every_boundary_is_drawn_once_before_any_is_drawn_again() -> None:
    tour, chance = Tour(boundaries_of(STEPS)), chance_of(1)
    drawn = Counter(point for _ in range(10) for point in tour.draw(4, chance))
    assert set(drawn) == set(tour.boundaries)
    assert set(drawn.values()) == {1}


def test_a_draw_is_in_order_and_spread_evenly() -> None:
    tour, chance = Tour(boundaries_of(STEPS)), chance_of(1)
    for _ in range(20):
        places = [tour.boundaries.index(point) for point in tour.draw(5, chance)]
        assert [place // 8 for place in places] == [0, 1, 2, 3, 4]
    assert len(tour.draw(99, chance)) == 40


def test_what_was_visited_waits_and_what_was_not_reached_comes_again() -> None:
    tour, chance = Tour(boundaries_of(STEPS[:2])), chance_of(1)
    tour.draw(4, chance)
    tour.visits.update(tour.boundaries[:3])
    assert tour.draw(1, chance) == [tour.boundaries[3]]


def test_the_lanes_share_all_boundaries_and_all_kills() -> None:
    parts = divided({"release": boundaries_of(STEPS)})
    assert sorted(one for part in parts for one in part["release"]) == sorted(boundaries_of(STEPS))
    for part in parts:
        assert len(part["release"]) == 40 // len(LANES)
        assert {one.after for one in part["release"]} == {False, True}
    assert [shares(1), shares(7), shares(200)] == [[1, 0], [4, 3], [100, 100]]


@pytest.mark.parametrize("kills", ["0", "-3", "many"])
def test_no_kills_are_refused(kills: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--kills", kills])
    assert ended.value.code == 2
    assert at_least_one("1") == 1
    assert "--kills" in capsys.readouterr().err


def test_what_happened_is_told_and_a_violation_or_a_missing_kill_fails(capsys: pytest.CaptureFixture[str]) -> None:
    point, other = boundaries_of(STEPS[:1])
    trial = Trial("release", (Kill(point), Kill(other), Kill(seconds=1)), 0.5)
    good = Verdict(trial, (Kill(point), Kill(seconds=1)), Counter(reset=2, slow=1))
    assert told([good, good], {"release": (point, other)}, 4) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "release: killed at 1 of 2 boundaries"
    assert "reset 4" in lines[2]
    assert "throttle 0" in lines[2]
    assert lines[-1] == "chaos: 4 kills, 6 faults, 0 violations"
    assert told([good], {"release": (point, other)}, 4) == 1
    assert "only 2 of 4 kills happened" in capsys.readouterr().out
    bad = Verdict(trial, (Kill(point),), violations=("production serves nothing",))
    assert told([bad], {"release": (point, other)}, 1) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "VIOLATION: production serves nothing"
    assert lines[-1] == "chaos: 1 kills, 0 faults, 1 violations"

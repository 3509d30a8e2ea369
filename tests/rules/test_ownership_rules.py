"""Two workloads with circuits of the same names: the second touches nothing of the first's, and says whose it is."""

from pathlib import Path

import pytest
from tiny import APPROVE
from twins import TinyTwin, Twins

from domain.errors import Terminal
from domain.tags import RELEASE_ID, WORKLOAD
from domain.unit import Unit
from flows.deploy_version import deploy_version
from flows.rollback import rollback
from flows.stage import ownership
from tasks.ledger.facts import release_names


class Rival(TinyTwin):
    """Another team's workload, with the circuits of `tiny`."""

    @property
    def plant(self) -> str:
        return "TINY"


@pytest.fixture
def rival(twins: Twins, tmp_path: Path, tiny: TinyTwin) -> Rival:
    made = Rival("rival", tmp_path / "rival", twins=twins)
    made.declare()
    made.give_test_data()
    assert made.units() == tiny.units()
    return made


def serving(twins: Twins, tiny: TinyTwin) -> list[str]:
    return [*twins.serving(tiny, "test"), *twins.serving(tiny, "production")]


def test_a_release_of_another_workload_is_refused_before_anything_is_touched(
    twins: Twins, tiny: TinyTwin, rival: Rival
) -> None:
    assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    before, registry = serving(twins, tiny), dict(twins.models.registry)
    with twins.answering(APPROVE) as seen:
        state = twins.release_as_answered(rival, rival.candidates())
    assert (state.name, seen) == ("Failed", [])
    assert "nothing was touched: " in (state.message or "")
    assert (
        "model tiny-a1 in registry mlr-shared belongs to workload tiny. Give one of the two a `prefix`" in state.message
    )
    assert "TINY/A1 at test: be-tiny-a1 in mlw-test belongs to workload tiny" in state.message
    assert (serving(twins, tiny), twins.models.registry) == (before, registry)
    assert release_names(twins.ledger, rival.name) == ()


def test_everything_carries_whose_it_is(twins: Twins, tiny: TinyTwin) -> None:
    state = twins.release(tiny, tiny.candidates())
    assert state.name == "Succeeded", state.message
    for place in twins.places.values():
        for endpoint in place.endpoints.values():
            assert endpoint.tags[WORKLOAD] == tiny.name
            assert {one.tags[WORKLOAD] for one in endpoint.deployments.values()} == {tiny.name}
    assert {tags[WORKLOAD] for tags in twins.models.tags.values()} == {tiny.name}


def test_another_workload_rolls_nothing_back_and_deploys_no_version(twins: Twins, tiny: TinyTwin, rival: Rival) -> None:
    for _ in range(2):
        assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    before = serving(twins, tiny)
    with pytest.raises(
        Terminal, match="nothing was touched: TINY/A1 at production: be-tiny-a1 in mlw-prod belongs to workload tiny"
    ):
        rollback(rival.name, "production", dry_run=False)
    for stage in ("test", "production"):
        with pytest.raises(Terminal, match="model tiny-a1:1 belongs to workload tiny"):
            deploy_version(str(tiny.units()[0]), "1", stage, rival.name, "linus")
    assert serving(twins, tiny) == before


def test_with_a_prefix_both_have_names_of_their_own(twins: Twins, tiny: TinyTwin, rival: Rival) -> None:
    assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    before = serving(twins, tiny)
    rival.declare(prefix="rival-")
    assert twins.release(rival, rival.candidates()).name == "Succeeded"
    assert serving(twins, tiny) == before
    assert {name for name, _ in twins.models.registry} == {"tiny-a1", "tiny-b2", "rival-tiny-a1", "rival-tiny-b2"}
    assert set(twins.places["production"].endpoints) == {
        "be-tiny-a1", "be-tiny-b2", "rival-be-tiny-a1", "rival-be-tiny-b2",
    }  # fmt: skip


def untag(twins: Twins) -> None:
    """As everything was before things said whose they are."""
    for place in twins.places.values():
        for endpoint in place.endpoints.values():
            del endpoint.tags[WORKLOAD]
            assert endpoint.tags[RELEASE_ID]
    twins.models.tags = {
        key: {name: text for name, text in tags.items() if name != WORKLOAD} for key, tags in twins.models.tags.items()
    }


def test_what_was_made_before_is_adopted_by_whose_ledger_knows_its_release(
    twins: Twins, tiny: TinyTwin, rival: Rival
) -> None:
    assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    untag(twins)
    state = twins.release(rival, rival.candidates())
    name = twins.names(tiny)[0]
    assert state.name == "Failed"
    assert f"was made by release {name}, which is not in the ledger of rival" in (state.message or "")
    assert "give it the tag workload=rival" in (state.message or "")

    assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    for endpoint in twins.places["production"].endpoints.values():
        assert endpoint.tags[WORKLOAD] == tiny.name  # from now on it says so


def test_a_release_of_the_same_name_with_other_circuits_made_nothing_of_it(
    twins: Twins, tiny: TinyTwin, tmp_path: Path
) -> None:
    assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    untag(twins)

    class Wider(Rival):
        def units(self) -> tuple[Unit, ...]:
            return super().units() if len(self.made) > 0 else super().units()[1:]

    wider = Wider("wider", tmp_path / "wider", ("B2", "C3"), twins=twins)
    wider.declare()
    wider.give_test_data()
    first = wider.candidates()  # of C3 alone: it has the name that tiny's has
    assert twins.release(wider, first).name == "Succeeded"
    assert twins.names(wider) == twins.names(tiny)
    state = twins.release(wider, wider.candidates())
    assert "which is not in the ledger of wider" in (state.message or "")


def test_what_a_person_made_is_nobodys(twins: Twins, tiny: TinyTwin) -> None:
    """An endpoint that was made by hand for a circuit, before its first release."""
    assert ownership.MOST_SHOWN == 5
    from platform_twin import Served

    twins.places["production"].endpoints["be-tiny-a1"] = Served({"made": "by hand"})
    assert twins.release(tiny, tiny.candidates()).name == "Succeeded"

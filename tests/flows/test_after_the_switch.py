"""What fails after the switch is rolled back by itself, on Azure; what is held then, and until when: test_confirmation_rules.py."""

import pytest
from prefect.states import State
from tiny import APPROVE, CONFIRMED, WARY, Tiny, answering, endpoints_in, naming_of

from domain.candidate.changed_circuits import ChangedCircuits
from domain.ledger.fact import Fact, Kind, facts_of
from domain.naming import deployment_name, release_of
from flows.release import release
from flows.rollback import rollback
from flows.rollout import deploy
from tasks.azure_ml.scoring_jobs import invoke
from tasks.ledger.facts import read_facts, release_names
from tasks.targets.serving import serving_of

pytestmark = pytest.mark.usefixtures("site")


def run(tiny: Tiny, changed: ChangedCircuits) -> "State[str]":
    """Release these; the state in which it ends."""
    approver, _ = answering(APPROVE)
    with approver:
        return release(tiny.name, changed.build_id, "linus", return_state=True)


def production(site, tiny: Tiny) -> set[str]:
    """Releases that production serves."""
    naming = naming_of(site.production)
    found = serving_of(endpoints_in(site.production), [naming.endpoint(unit) for unit in tiny.units()])
    return {release_of(str(one)) for one in found.values()}


def newest(site, tiny: Tiny) -> tuple[str, tuple[Fact, ...]]:
    """Name and facts of the newest release."""
    name = release_names(site.ledger, tiny.name)[0]
    return name, read_facts(site.ledger, tiny.name, name)


@pytest.fixture
def wary(tiny: Tiny) -> Tiny:
    """Its switch is confirmed, with input that is well."""
    tiny.declare(score=WARY, production=CONFIRMED)
    tiny.give_data("after", "value\n1\n")
    return tiny


def test_a_run_that_dies_before_the_confirmation_is_confirmed_by_the_next(
    site, wary: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = deploy.confirm

    def dies(at, *rest):
        if at.stage != "production":
            return real(at, *rest)
        raise RuntimeError("the power fails")

    changed = wary.candidates()
    approver, _ = answering(APPROVE)
    with approver, monkeypatch.context() as patched, pytest.raises(RuntimeError, match="the power fails"):
        patched.setattr(deploy, "confirm", dies)
        release(wary.name, changed.build_id, "linus")
    name, facts = newest(site, wary)
    assert production(site, wary) == {name}
    assert facts_of(facts, Kind.SWITCHED, "production") == ()
    wary.give_data("after", "poison\n", ["A1"])
    assert run(wary, changed).name == "Rolled_back"
    assert production(site, wary) == {"None"}
    assert newest(site, wary)[0] == name


@pytest.mark.slow
def test_what_a_failed_switch_left_serving_can_be_taken_back_without_its_name(site, wary: Tiny) -> None:
    assert run(wary, wary.candidates()).name == "Succeeded"
    first, _ = newest(site, wary)
    assert run(wary, wary.candidates()).name == "Succeeded"
    wary.give_data("after", "poison\n", ["B2"])
    assert run(wary, wary.candidates()).name == "Rolled_back"
    rollback(wary.name, "production", reason="odd", dry_run=False)
    assert production(site, wary) == {first}


@pytest.mark.slow
def test_the_default_is_asked_and_not_whatever_deployment_was_asked_before(site, tiny: Tiny) -> None:
    run(tiny, tiny.candidates())
    first, _ = newest(site, tiny)
    assert run(tiny, tiny.candidates()).name == "Succeeded"
    tiny.give_data("after", "value\n1\n")
    data = f"azureml://datastores/workspaceblobstore/paths/after/{tiny.plant}/A1/"
    one, other = (naming_of(site.production).endpoint(unit) for unit in tiny.units())
    old = deployment_name(first)
    site.production.get_client().batch_deployments.begin_delete(old, other).result()
    invoke.fn(site.production, one, old, data)
    assert invoke.fn(site.production, other, None, data)  # Azure would refuse the old one, which is gone there

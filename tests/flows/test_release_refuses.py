"""Ways in which a release must not reach production, where Azure has a part in them; the others: test_refusal_rules.py."""

import re

import pytest
from own_faults import OwnFaults
from prefect.states import State
from tiny import APPROVE, GOOD, Tiny, answering, endpoints_in, naming_of

from domain.errors import Terminal
from domain.ledger.fact import Kind, facts_of
from domain.outcome import Outcome
from flows.promotion.manifest import outcome_of
from flows.release import release
from flows.rollback import rollback
from tasks.azure_ml.datastore_files import container_of
from tasks.azure_ml.models import models_of
from tasks.ledger.facts import read_facts, release_names

pytestmark = pytest.mark.usefixtures("site")


def run(tiny: Tiny, *answers: dict[str, str]) -> "State[str]":
    """Release new candidates; the state in which it ends."""
    approver, _ = answering(*(answers or (APPROVE,)))
    with approver:
        return release(tiny.name, tiny.candidates().build_id, "linus", return_state=True)


def serving(site, tiny: Tiny, stage: str) -> set[str | None]:
    """What the circuits' endpoints serve at a stage."""

    workspace = getattr(site, stage)
    return {endpoints_in(workspace).serving(naming_of(workspace).endpoint(unit)) for unit in tiny.units()}


def test_scoring_that_goes_wrong_stops_the_release_before_any_switch(site, tiny: Tiny) -> None:
    """In each other way in which it may: test_batch_contract.py."""
    tiny.declare(score=GOOD.replace("return", "raise ValueError('no such column')\n    return"))
    state = run(tiny)
    assert state.name == "Failed"
    assert "Job status: Failed" in (state.message or "")
    assert serving(site, tiny, "test") == serving(site, tiny, "production") == {None}
    facts = read_facts(site.ledger, tiny.name, release_names(site.ledger, tiny.name)[0])
    assert outcome_of(facts) is Outcome.FAILED
    assert facts_of(facts, Kind.SWITCHED) == ()


def test_a_model_whose_files_changed_after_registration_is_not_promoted(site, tiny: Tiny) -> None:
    changed = tiny.candidates()
    stored = container_of(site.dev)
    wanted = f"{tiny.plant}/A1".encode()
    for blob in [name for name in stored.list_blob_names() if name.endswith("model.txt")]:
        if stored.download_blob(blob).readall().startswith(wanted):
            stored.upload_blob(blob, b"something else", overwrite=True)
    approver, _ = answering(APPROVE)
    with approver:
        state = release(tiny.name, changed.build_id, "linus", return_state=True)
    assert state.name == "Failed"
    assert "changed after it was registered" in (state.message or "")
    assert models_of(site.registry, f"{tiny.plant}-a1".lower()) == ()


def test_a_switch_that_azure_accepts_and_does_not_do_is_seen_and_undone(site, tiny: Tiny, faults: OwnFaults) -> None:
    assert run(tiny).name == "Succeeded"
    before = serving(site, tiny, "production")
    endpoint = naming_of(site.production).endpoint(tiny.units()[1])
    faults.add("silent_no_op", path=f"mlw-prod/batchEndpoints/{endpoint}$", times=5)
    state = run(tiny)
    assert state.name == "Failed"
    assert re.search(
        f"{endpoint}: serves deployment-.* Azure accepted that and did not do it, .* in the studio", state.message or ""
    )
    assert serving(site, tiny, "production") == before
    with pytest.raises(Terminal, match="nothing was rolled back"):  # that rollback is over, and is no rollback's own
        rollback(tiny.name, "production", dry_run=False)

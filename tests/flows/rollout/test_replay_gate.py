"""A replay before production's switch: what fails is not switched, and what leaves doubts is shown to people first."""

from typing import Any

import pytest
from replayed import REPLAY, SCORE
from tiny import APPROVE, Tiny, answering, endpoints_in, naming_of

from blocks.workspace import Workspace
from domain.ledger.fact import Kind
from domain.naming import deployment_name
from flows.release import release
from tasks.azure_ml.datastore_files import upload_file
from tasks.ledger.facts import read_facts, release_names
from tasks.targets.serving import serving_of


def released(tiny: Tiny, shift: float) -> tuple[str, str, list[Any]]:
    """A release whose models answer so much more; state, message and the forms that people saw."""
    tiny.declare(score=SCORE.replace("SHIFT", str(shift)), replay=REPLAY)
    approver, seen = answering(APPROVE)
    with approver:
        state = release(tiny.name, tiny.candidates().build_id, "linus", return_state=True)
    return str(state.name), str(state.message), seen


@pytest.fixture
def served(site: Any, tiny: Tiny) -> str:
    """The fleet's first release, which serves; the deployment's name."""
    file = tiny.folder / "replay.csv"
    file.write_text("name,value\n" + "".join(f"r{number},{number}\n" for number in range(101)))
    for unit in tiny.units():
        upload_file(
            site.production, file, f"{REPLAY['data']}".format(plant=unit.plant, circuit=unit.circuit) + "in.csv"
        )
        upload_file(
            site.test,
            file,
            f"azureml://datastores/workspaceblobstore/paths/test-data/{unit.plant}/{unit.circuit}/test_input.csv",
        )
    tiny.declare(score=SCORE.replace("SHIFT", "0.0"), replay=REPLAY)
    return deployment_name(tiny.serve())


def production_serves(production: Workspace, tiny: Tiny) -> set[str | None]:
    naming = naming_of(production)
    return set(serving_of(endpoints_in(production), [naming.endpoint(unit) for unit in tiny.units()]).values())


def test_what_the_replay_doubts_is_shown_to_people_before_anything_switches(site: Any, tiny: Tiny, served: str) -> None:
    state, message, forms = released(tiny, 10.0)
    assert state == "Succeeded", message
    assert "inconclusive" not in forms[1].evidence
    assert "The replay is inconclusive for 2 circuits" in forms[2].evidence
    assert f"**{tiny.plant}/A1**" in forms[2].evidence
    facts = read_facts(site.ledger, tiny.name, release_names(site.ledger, tiny.name)[0])
    kinds = [fact.kind for fact in facts if fact.stage == "production"]
    replayed = kinds.index(Kind.REPLAYED)
    assert Kind.SWITCHED not in kinds[:replayed]
    assert [kind for kind in kinds[replayed:] if kind in {Kind.ASKED, Kind.DECIDED, Kind.SWITCHED}] == [
        Kind.ASKED,
        Kind.DECIDED,
        Kind.SWITCHED,
    ]
    assert production_serves(site.production, tiny) != {served}

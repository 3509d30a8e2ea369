"""Aim: release models again that were rolled back, by an entry of the index of holds that says so; or hold anybody's."""

from storage_hands import StorageHands
from twins import TinyTwin, Twins

from domain.release.hold import ModelHold
from flows.rollback import rollback
from flows.unhold import unhold
from tasks.ledger.holds import FOLDER


def entries(twins: Twins, tiny: TinyTwin) -> dict[str, ModelHold]:
    names = [one.name for one in twins.blobs.list_blobs(f"{FOLDER}/{tiny.name}/")]
    return {name: ModelHold.model_validate_json(twins.blobs.download_blob(name).readall()) for name in names}


def test_a_hold_is_ended_by_a_signed_fact_alone(twins: Twins, tiny: TinyTwin, hands: StorageHands) -> None:
    assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    changed = tiny.candidates()
    assert twins.release(tiny, changed).name == "Succeeded"
    rollback(tiny.name, "production", reason="it hums", dry_run=False)
    held = twins.names(tiny)[0]
    for name, hold in entries(twins, tiny).items():
        hands.put(name, hold.model_copy(update={"lifted": "ada: it is fine"}).model_dump_json().encode())
    again = changed.model_copy(update={"build_id": "build-2"})
    assert "2 of these models are held" in (twins.release(tiny, again).message or "")
    unhold(held, "ada", "it is fine", tiny.name)
    assert twins.release(tiny, again).name == "Succeeded"


def test_models_of_a_release_that_was_never_rolled_back_are_not_held(
    twins: Twins, tiny: TinyTwin, hands: StorageHands
) -> None:
    assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    served, changed = twins.names(tiny)[0], tiny.candidates()
    for unit in changed.circuits:
        forged = ModelHold(
            release=served,
            stage="production",
            unit=str(unit.unit),
            model=f"{unit.model_name}:{unit.model_version}",
            digest=unit.model_digest,
            reason="because I say so",
        )
        hands.put(
            f"{FOLDER}/{tiny.name}/{unit.model_digest.removeprefix('sha256:')}/{served}/production.json",
            forged.model_dump_json().encode(),
        )
    assert twins.release(tiny, changed).name == "Succeeded"

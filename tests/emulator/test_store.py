"""Documents by id, collection, type and name."""

from pathlib import Path

import pytest

from emulator.arm.store import Store

ENDPOINT = "Microsoft.MachineLearningServices/workspaces/batchEndpoints"
HERE = "/subscriptions/s/resourceGroups/here/providers/Microsoft.MachineLearningServices/workspaces/w/batchEndpoints"
THERE = HERE.replace("here", "there")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Two endpoints of one name in two groups, one of another name, and something else that bears the name."""
    store = Store(tmp_path / "resources.db")
    for path, kind in (
        (f"{HERE}/be-a", ENDPOINT),
        (f"{THERE}/BE-A", ENDPOINT),
        (f"{HERE}/be-b", ENDPOINT),
        (f"{HERE}/be-b/deployments/be-a", f"{ENDPOINT}/deployments"),
    ):
        store.put(path, {"id": path, "type": kind})
    return store


def ids(store: Store, name: str) -> list[str]:
    return [str(one["id"]) for one in store.named(ENDPOINT, name)]


def test_a_name_is_found_in_every_group_without_regard_to_case_and_only_in_its_type(store: Store) -> None:
    assert ids(store, "Be-A") == [f"{HERE}/be-a", f"{THERE}/BE-A"]
    assert ids(store, "be-c") == []


def test_what_was_deleted_has_its_name_no_more_nor_what_was_inside(store: Store) -> None:
    assert store.delete(f"{HERE}/be-b")
    assert ids(store, "be-b") == []
    assert store.named(f"{ENDPOINT}/deployments", "be-a") == []
    assert store.delete(f"{HERE}/be-a")
    assert ids(store, "be-a") == [f"{THERE}/BE-A"]


def test_names_are_known_again_after_a_restart(store: Store, tmp_path: Path) -> None:
    store.close()
    assert ids(Store(tmp_path / "resources.db"), "be-a") == [f"{HERE}/be-a", f"{THERE}/BE-A"]


def test_a_reset_forgets_names(store: Store) -> None:
    store.reset()
    assert ids(store, "be-a") == []

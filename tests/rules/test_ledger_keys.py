"""A laptop signs its ledger from its first start; what its folder held before is taken over once."""

from pathlib import Path

import pytest
from twins import TinyTwin, Twins

from deployments.laptop.ledger_keys import OLDER, ledger_keys, make_ledger_keys, take_over_older
from domain.errors import Terminal
from tasks.ledger.stored_facts import stored_facts
from tasks.ledger.taking_over import take_over_releases
from tasks.ledger.trust import TRUST, known_writers, signing_key

REJECT = {"decision": "reject", "approver": "ada", "comment": "no"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def sign(patch: pytest.MonkeyPatch, home: Path) -> None:
    make_ledger_keys(home)
    for name, value in ledger_keys(home).items():
        patch.setenv(name, value)


def test_keys_are_made_once_for_their_owner_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sign(monkeypatch, home)
    made = {file: file.read_bytes() for file in (home / "keys").rglob("*") if file.is_file()}
    assert {file.relative_to(home / "keys").as_posix() for file in made} == {"writer", "trust/writers.yaml"}
    assert {file.stat().st_mode & 0o777 for file in made} == {0o600}
    assert {folder.stat().st_mode & 0o077 for folder in (home / "keys", home / "keys" / "trust")} == {0}
    make_ledger_keys(home)
    assert {file: file.read_bytes() for file in made} == made
    trust, key = known_writers(), signing_key()
    assert trust is not None and key is not None
    assert [(one.name, one.key) for one in trust.writers] == [("laptop", key.public_key)]


def test_a_start_that_was_killed_between_the_two_files_is_made_good(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "keys").mkdir(parents=True)
    (home / "keys" / "writer").write_text("half a key")
    sign(monkeypatch, home)
    assert signing_key() is not None


def test_what_a_folder_held_before_goes_on(
    twins: Twins, tiny: TinyTwin, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    changed = tiny.candidates()
    assert twins.release(tiny, changed, REJECT).name == "Rejected"
    (home / "emulator").mkdir(parents=True)
    sign(monkeypatch, home)
    assert (home / "keys" / OLDER).exists()
    assert "does not count: nobody signed it" in (twins.release(tiny, changed).message or "")
    said: list[str] = []
    take_over_older(home, said.append)
    assert said == ["took over 2 releases of this folder from before its ledger was signed"]
    assert not (home / "keys" / OLDER).exists()
    take_over_older(home, said.append)
    assert len(said) == 1  # once
    assert twins.release(tiny, changed).name == "Succeeded"
    newest = stored_facts(twins.ledger, tiny.name, twins.names(tiny)[0])
    assert all(one.signature is not None for one in newest)


def test_a_folder_that_held_nothing_has_nothing_to_take_over(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sign(monkeypatch, home)
    take_over_older(home, pytest.fail)


def test_where_nothing_is_signed_nothing_is_taken_over(twins: Twins, tiny: TinyTwin) -> None:
    with pytest.raises(Terminal, match=f"does not sign its ledger [(]{TRUST} is not set[)], so all facts count"):
        take_over_releases(twins.ledger, [tiny.name])


def test_one_release_is_taken_over_alone(
    twins: Twins, tiny: TinyTwin, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    sign(monkeypatch, home)
    second, first = twins.names(tiny)
    assert [*take_over_releases(twins.ledger, [tiny.name], first).taken] == [f"{tiny.name}/{first}"]
    assert [*take_over_releases(twins.ledger, [tiny.name]).taken] == [f"{tiny.name}/{second}"]
    trust = known_writers()
    assert trust is not None
    assert set(trust.taken_over) == {f"{tiny.name}/{first}", f"{tiny.name}/{second}"}

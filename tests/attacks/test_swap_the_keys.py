"""Aim: become a writer, by the files that say who is one; and what a key is worth that was lost, withdrawn, or is somebody else's."""

import os
from pathlib import Path

import pytest
from storage_hands import OWN_KEY, StorageHands
from test_write_facts_without_a_key import waiting
from twins import TinyTwin, Twins

from domain.errors import InvalidDeclaration, Terminal
from domain.ledger.signature import SigningKey
from tasks.ledger.taking_over import take_over_releases
from tasks.ledger.trust import KEY, TRUST, WRITERS, known_writers, signing_key

STRANGER = 54321


@pytest.mark.parametrize("which", ["trust", f"trust/{WRITERS}"])
@pytest.mark.parametrize("rights", [0o020, 0o002])
def test_keys_that_others_may_write_count_for_nothing(keys: Path, which: str, rights: int) -> None:
    file = keys / which
    file.chmod(file.stat().st_mode | rights)
    with pytest.raises(
        Terminal, match=r"can be written by others than its owner; take their rights away: chmod go-rwx"
    ):
        known_writers()


@pytest.mark.skipif(os.getuid() != 0, reason="nobody but root can give a file away")
@pytest.mark.parametrize("which", ["trust", f"trust/{WRITERS}", "writer"])
def test_files_of_another_user_are_not_believed(keys: Path, which: str) -> None:
    os.chown(keys / which, STRANGER, -1)
    with pytest.raises(Terminal, match=f"belongs to user {STRANGER}, who could change what counts here"):
        signing_key()


@pytest.mark.parametrize("rights", [0o040, 0o004, 0o010])
def test_a_private_key_that_others_can_read_is_not_used(keys: Path, rights: int) -> None:
    (keys / "writer").chmod(0o600 | rights)
    with pytest.raises(Terminal, match="can be read by others than its owner"):
        signing_key()


def test_a_key_that_is_no_writer_s_writes_nothing(keys: Path, twins: Twins, tiny: TinyTwin) -> None:
    (keys / "writer").write_bytes(OWN_KEY.file())
    state = twins.release(tiny, tiny.candidates())
    assert "is not one of the writers' in" in (state.message or "")
    assert OWN_KEY.public_key in (state.message or "")
    assert twins.names(tiny) == ()


def test_a_lost_key_is_replaced_and_what_it_signed_counts_on(
    keys: Path, twins: Twins, tiny: TinyTwin, hands: StorageHands
) -> None:
    changed = waiting(twins, tiny)
    fresh = SigningKey.made()
    trust = keys / "trust" / WRITERS
    trust.write_text(trust.read_text() + f"  - {{name: laptop-2, key: {fresh.public_key}}}\n")
    (keys / "writer").unlink()
    (keys / "writer").touch(0o600)
    (keys / "writer").write_bytes(fresh.file())
    assert twins.release(tiny, changed).name == "Succeeded"
    assert {one.signature.key for one in hands.facts() if one.signature is not None} > {fresh.sign("", "").key}


def test_a_key_that_somebody_else_knows_is_withdrawn_and_what_it_signed_before_is_taken_over(
    keys: Path, twins: Twins, tiny: TinyTwin
) -> None:
    changed = waiting(twins, tiny)
    fresh = SigningKey.made()
    (keys / "trust" / WRITERS).write_text(f"writers:\n  - {{name: laptop-2, key: {fresh.public_key}}}\n")
    (keys / "writer").write_bytes(fresh.file())
    assert "which is no writer's" in (twins.release(tiny, changed).message or "")
    take_over_releases(twins.ledger, [tiny.name])
    assert twins.release(tiny, changed).name == "Succeeded"


@pytest.mark.parametrize(
    ("missing", "why"),
    [
        (KEY, f"this process has no key to write with: set {KEY}"),
        (TRUST, f"{KEY} is set and {TRUST} is not, so nobody would verify what is signed"),
    ],
)
def test_half_of_it_is_not_enough(monkeypatch: pytest.MonkeyPatch, missing: str, why: str) -> None:
    monkeypatch.delenv(missing)
    with pytest.raises(Terminal, match=why.replace("(", r"\(")):
        signing_key()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("writers: []\n", "writers"),
        ("writers: [{name: a, key: ssh-rsa AAAA}]\n", "which begins with ssh-ed25519"),
        ("writers: [{name: a, key: ssh-ed25519 AAAA}]\n", "the key cannot be read"),
        ("writer: []\n", "writer: is not known here; there is `writers` alone"),
        ("- a\n", WRITERS),
        (
            f"writers: [{{name: a, key: {OWN_KEY.public_key}}}, {{name: b, key: {OWN_KEY.public_key}}}]\n",
            "the same key",
        ),
    ],
    ids=[
        "nobody",
        "another kind",
        "no key",
        "another name",
        "a list",
        "one key twice",
    ],  # keys are others in each process
)
def test_a_file_of_writers_that_cannot_be_meant_is_refused_with_its_line(keys: Path, text: str, why: str) -> None:
    (keys / "trust" / WRITERS).write_text(text)
    with pytest.raises(InvalidDeclaration, match=WRITERS) as refused:
        known_writers()
    assert why in str(refused.value)


def test_a_private_key_that_cannot_be_used_is_not_shown(keys: Path) -> None:
    (keys / "writer").write_text("hunter2")
    with pytest.raises(Terminal, match="is not an OpenSSH private key without a passphrase") as refused:
        signing_key()
    assert "hunter2" not in str(refused.value)

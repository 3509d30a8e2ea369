"""A writer's signature is over one fact at one place, by one key, and as OpenSSH has its keys."""

import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import BaseModel, ValidationError

from domain.ledger.signature import PURPOSE, PublicKey, Signature, SigningKey, fingerprint

KEY, OTHER = SigningKey.made(), SigningKey.made()
SLOT, DIGEST = "plants/20260101.1/000003.json", "sha256:" + "a" * 64
SIGNED = KEY.sign(SLOT, DIGEST)


def test_it_holds_for_its_fact_and_its_key() -> None:
    assert SIGNED.holds(SLOT, DIGEST, KEY.public_key)
    assert SIGNED.key == fingerprint(KEY.public_key)
    assert PURPOSE == "signalbox fact 1"


@pytest.mark.parametrize(
    ("slot", "digest", "key"),
    [
        ("plants/20260101.1/000004.json", DIGEST, KEY),
        ("plants/20260101.2/000003.json", DIGEST, KEY),
        ("mills/20260101.1/000003.json", DIGEST, KEY),
        (SLOT, "sha256:" + "b" * 64, KEY),
        (SLOT + "\n" + DIGEST, "", KEY),
        (SLOT, DIGEST, OTHER),
    ],
)
def test_it_holds_for_nothing_else(slot: str, digest: str, key: SigningKey) -> None:
    assert not SIGNED.holds(slot, digest, key.public_key)


def test_it_holds_by_the_key_that_it_names() -> None:
    renamed = Signature(key=fingerprint(OTHER.public_key), value=SIGNED.value)
    assert not renamed.holds(SLOT, DIGEST, KEY.public_key)
    for name in ("SHA256:" + "+" * 43, "SHA256:" + "z" * 43):
        assert not Signature(key=name, value=SIGNED.value).holds(SLOT, DIGEST, KEY.public_key)


@pytest.mark.parametrize("part", [0, 10, 50])
def test_a_changed_one_does_not_hold(part: int) -> None:
    letter = "A" if SIGNED.value[part] != "A" else "B"
    changed = SIGNED.model_copy(update={"value": SIGNED.value[:part] + letter + SIGNED.value[part + 1 :]})
    assert not changed.holds(SLOT, DIGEST, KEY.public_key)


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": "SHA256:short"},
        {"key": SIGNED.key.lower()},
        {"value": SIGNED.value[:-2]},
        {"value": SIGNED.value + "\n"},
        {"value": ""},
        {"by": "ada"},
    ],
)
def test_it_has_one_shape(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Signature.model_validate({**SIGNED.model_dump(), **wrong})


def ssh_keygen(*arguments: str | Path) -> str:
    program = shutil.which("ssh-keygen")
    assert program is not None
    return subprocess.run([program, *arguments], check=True, capture_output=True, text=True).stdout


def test_a_key_is_ssh_keygen_s_and_the_other_way_round(tmp_path: Path) -> None:
    file = tmp_path / "writer"
    ssh_keygen("-q", "-t", "ed25519", "-N", "", "-f", file)
    key = SigningKey.read(file.read_bytes())
    assert file.with_suffix(".pub").read_text().startswith(f"{key.public_key} ")
    assert fingerprint(key.public_key) in ssh_keygen("-l", "-f", file).split()
    assert SigningKey.read(KEY.file()).public_key == KEY.public_key


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is not an OpenSSH private key without a passphrase"),
        (b"hunter2", "it is not an OpenSSH private key without a passphrase"),
        (KEY.public_key.encode(), "it is not an OpenSSH private key without a passphrase"),
        (
            generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()),
            "it is of another kind than ssh-ed25519",
        ),
    ],
    ids=["nothing", "a word", "a public key", "another kind"],
)
def test_other_files_are_no_key(content: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=f"^{why}$"):
        SigningKey.read(content)


def test_a_key_with_a_passphrase_cannot_be_used_by_a_worker(tmp_path: Path) -> None:
    ssh_keygen("-q", "-t", "ed25519", "-N", "hunter2", "-f", tmp_path / "writer")
    with pytest.raises(ValueError, match="it is not an OpenSSH private key without a passphrase"):
        SigningKey.read((tmp_path / "writer").read_bytes())


def test_a_key_in_a_cipher_that_the_library_does_not_know_cannot_be_used(tmp_path: Path) -> None:
    cipher = "chacha20-poly1305@openssh.com"
    ssh_keygen("-q", "-t", "ed25519", "-N", "hunter2", "-Z", cipher, "-f", tmp_path / "writer")
    with pytest.raises(ValueError, match="it is not an OpenSSH private key without a passphrase"):
        SigningKey.read((tmp_path / "writer").read_bytes())


class Named(BaseModel):
    key: PublicKey


def test_a_public_key_is_kept_without_its_comment() -> None:
    assert Named(key=f" {KEY.public_key}  ada@laptop\n").key == KEY.public_key


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("", "give the line of a .pub file, which begins with ssh-ed25519"),
        ("ssh-ed25519", "give the line of a .pub file, which begins with ssh-ed25519"),
        (f"ssh-rsa {KEY.public_key.split()[1]}", "give the line of a .pub file, which begins with ssh-ed25519"),
        (
            f"ecdsa-sha2-nistp256 {KEY.public_key.split()[1]}",
            "give the line of a .pub file, which begins with ssh-ed25519",
        ),
        ("ssh-ed25519 AAAA", "the key cannot be read"),
        (f"ssh-ed25519 {'A' * 2000}", "at most 1000 characters"),
    ],
    ids=["nothing", "a word", "another kind", "yet another", "no key", "too long"],  # keys are others in each process
)
def test_another_line_is_no_public_key(line: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Named(key=line)

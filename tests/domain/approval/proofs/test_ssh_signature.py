"""SSH signatures: made by the real ssh-keygen, and judged as ssh-keygen judges them with its allowed-signers list."""

import subprocess
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from domain.approval.proofs.ssh_signature import SshKey, SshProof, armored, signing_key
from domain.approval.statement import NAMESPACE, Statement

Make = Callable[..., Statement]
NOON = datetime(2025, 12, 10, 12, 0, tzinfo=UTC)
MADE = (
    ("ed25519", ("-t", "ed25519")),
    ("another", ("-t", "ed25519")),
    ("rsa", ("-t", "rsa", "-b", "2048")),
    ("ecdsa", ("-t", "ecdsa")),
)
BEGIN, END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys, made by ssh-keygen; allowed: ed25519 and rsa, which are ada's."""
    folder = tmp_path_factory.mktemp("keys")
    for name, kind in MADE:
        command = ["ssh-keygen", "-q", "-N", "", "-C", "a comment", *kind, "-f", str(folder / name)]
        subprocess.run(command, check=True)
    lines = [f'ada namespaces="{NAMESPACE}" {(folder / f"{name}.pub").read_text()}' for name in ("ed25519", "rsa")]
    (folder / "allowed").write_text("".join(lines))
    return folder


def public(folder: Path, name: str) -> SshKey:
    return SshKey(public_key=(folder / f"{name}.pub").read_text(), enrolled_at=NOON)


def signed(folder: Path, name: str, text: str, *options: str, namespace: str = NAMESPACE) -> str:
    command = ["ssh-keygen", "-Y", "sign", "-q", "-f", folder / name, "-n", namespace, *options]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def accepted(folder: Path, signature: str, statement: Statement) -> bool:
    """Whether ada's keys signed; ssh-keygen must say the same."""
    keys = [public(folder, "ed25519"), public(folder, "rsa")]
    ours = isinstance(signing_key(SshProof(signature=signature), statement, keys), SshKey)
    (folder / "signature").write_text(signature)
    command = ["ssh-keygen", "-Y", "verify", "-f", folder / "allowed", "-I", "ada", "-n", NAMESPACE]
    command += ["-s", folder / "signature"]
    theirs = subprocess.run(command, input=statement.text, capture_output=True, text=True, check=False)
    assert ours is (theirs.returncode == 0), theirs.stderr
    return ours


@pytest.mark.parametrize("name", ["ed25519", "rsa"])
@pytest.mark.parametrize("options", [(), ("-O", "hashalg=sha256"), ("-O", "hashalg=sha512")], ids=str)
def test_what_ssh_keygen_signs_holds(folder: Path, statement: Make, name: str, options: tuple[str, ...]) -> None:
    signature = signed(folder, name, statement().text, *options)
    keys = [public(folder, "another"), public(folder, "rsa"), public(folder, "ed25519")]
    assert signing_key(SshProof(signature=signature), statement(), keys) == public(folder, name)
    assert accepted(folder, signature, statement())


@pytest.mark.parametrize("newline", [" ", "", "\r\n", "\n\n"], ids=repr)
def test_a_signature_holds_that_a_form_has_rewrapped(folder: Path, statement: Make, newline: str) -> None:
    pasted = armored(signed(folder, "rsa", statement().text).replace("\n", newline))
    assert pasted is not None
    assert accepted(folder, pasted, statement())


OTHER: dict[str, Any] = {
    "workload": "mills",
    "release": "20251210.2",
    "release_digest": "sha256:" + "e" * 64,
    "stage": "registry",
    "gate": "Registry-Approval",
    "policy_digest": "sha256:" + "e" * 64,
    "report_digest": "sha256:" + "e" * 64,
    "asked": "sha256:" + "e" * 64,
    "choice": "reject",
    "approver": "bob",
    "comment": "metrics are better ",
    "expires_at": datetime(2025, 12, 12, tzinfo=UTC),
}


@pytest.mark.parametrize("field", OTHER)
def test_a_signature_over_another_statement_does_not_hold(folder: Path, statement: Make, field: str) -> None:
    signature = signed(folder, "ed25519", statement(**{field: OTHER[field]}).text)
    assert not accepted(folder, signature, statement())
    why = signing_key(SshProof(signature=signature), statement(), [public(folder, "ed25519")])
    assert isinstance(why, str)
    assert why.startswith("the SSH signature is not over this statement (")
    assert why.endswith(f"): sign exactly what `signalbox approve` shows, in namespace {NAMESPACE}")


def test_a_signature_over_the_text_and_a_newline_does_not_hold(folder: Path, statement: Make) -> None:
    assert not accepted(folder, signed(folder, "ed25519", statement().text + "\n"), statement())


@pytest.mark.parametrize("namespace", ["git", "file", NAMESPACE + "2", NAMESPACE.upper()])
def test_a_signature_for_something_else_does_not_hold(folder: Path, statement: Make, namespace: str) -> None:
    signature = signed(folder, "ed25519", statement().text, namespace=namespace)
    assert not accepted(folder, signature, statement())
    why = signing_key(SshProof(signature=signature), statement(), [public(folder, "ed25519")])
    assert isinstance(why, str) and "Namespace of signature" in why


def test_a_signature_by_a_key_that_is_not_enrolled_does_not_hold(folder: Path, statement: Make) -> None:
    signature = signed(folder, "another", statement().text)
    assert not accepted(folder, signature, statement())
    why = "the key that signed is not enrolled by ada; enrol it with `signalbox enrol ada --ssh FILE`"
    for keys in ([], [public(folder, "ed25519"), public(folder, "rsa")]):
        assert signing_key(SshProof(signature=signature), statement(), keys) == why


def test_a_signature_by_a_kind_of_key_that_is_not_checked_does_not_hold(folder: Path, statement: Make) -> None:
    signature = signed(folder, "ecdsa", statement().text)
    why = signing_key(SshProof(signature=signature), statement(), [public(folder, "ed25519")])
    assert isinstance(why, str) and "(Public key algorithm not supported: ecdsa-sha2-nistp256.)" in why


def test_every_cut_of_a_signature_is_refused(folder: Path, statement: Make) -> None:
    raw = bare(signed(folder, "ed25519", statement().text))
    for length in range(len(raw)):
        proof = SshProof(signature=in_armor(raw[:length]))
        assert isinstance(signing_key(proof, statement(), [public(folder, "ed25519")]), str)
    assert not accepted(folder, in_armor(raw[:-1]), statement())


@pytest.mark.parametrize("name", ["ed25519", "rsa", "ecdsa"])
def test_no_changed_byte_raises_an_error(folder: Path, statement: Make, name: str) -> None:
    raw = bare(signed(folder, name, statement().text))
    keys = [public(folder, "ed25519"), public(folder, "rsa")]
    passed = 0
    for place in range(len(raw)):
        changed = raw[:place] + bytes([raw[place] ^ 0x80]) + raw[place + 1 :]
        found = signing_key(SshProof(signature=in_armor(changed)), statement(), keys)
        assert found == public(folder, name) if isinstance(found, SshKey) else "\n" not in found
        passed += isinstance(found, SshKey)
    assert (
        passed <= 12
    )  # the library does not check three lengths of last parts, of 4 bytes each; nothing signed is there


def bare(armor: str) -> bytes:
    return b64decode("".join(armor.splitlines()[1:-1]))


def in_armor(raw: bytes) -> str:
    return armored(f"{BEGIN}\n{b64encode(raw).decode()}\n{END}") or f"{BEGIN}\n{END}\n"

"""An approver's key signs a statement through ssh-keygen, and each way in which it cannot says so."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deployments.approval import ssh_sign
from deployments.approval.ssh_sign import make_key, sign
from domain.approval.proofs.ssh_signature import SshKey, SshProof, armored, signing_key
from domain.approval.statement import Statement
from domain.errors import Terminal

DIGEST = "sha256:" + "1" * 64
STATEMENT = Statement.model_validate(
    {
        "workload": "plants",
        "release": "20251210.1",
        "release_digest": DIGEST,
        "stage": "production",
        "gate": "Production-Approval",
        "policy_digest": DIGEST,
        "report_digest": DIGEST,
        "asked": DIGEST,
        "choice": "approve",
        "approver": "Änne",
        "comment": 'größer ist besser\n\'; echo "$HOME"',
        "expires_at": datetime(2025, 12, 11, tzinfo=UTC),
    }
)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A new key in a folder that was not there."""
    file = tmp_path / "new folder" / "of keys" / "key"
    make_key(file, "ada's key")
    return file


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which programs are looked for; empty."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def agent(key: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The .pub file of a key that only an agent holds."""
    folder = Path(tempfile.mkdtemp())  # a socket's path has 107 characters at most; pytest's folders may be longer
    command = ["ssh-agent", "-D", "-a", str(folder / "agent")]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert started.stdout is not None and started.stdout.readline()  # it listens when it says where
        monkeypatch.setenv("SSH_AUTH_SOCK", str(folder / "agent"))
        command = ["ssh-add", "-q", str(key)]
        subprocess.run(command, check=True)
        key.unlink()
        yield key.with_name("key.pub")
    finally:
        started.terminate()
        started.wait(10)
        shutil.rmtree(folder)


def enrolled(key: Path) -> SshKey:
    return SshKey(public_key=key.with_name("key.pub").read_text(), enrolled_at=datetime(2025, 12, 9, tzinfo=UTC))


def holds(signature: str, key: Path) -> bool:
    return signing_key(SshProof(signature=signature), STATEMENT, [enrolled(key)]) == enrolled(key)


def program(folder: Path, text: str) -> None:
    """Something else under the name of ssh-keygen."""
    file = folder / "ssh-keygen"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)


def test_a_made_key_signs_and_the_signature_holds(key: Path) -> None:
    signature = sign(STATEMENT, key)
    assert holds(signature, key)
    assert armored(signature) == signature
    assert ssh_sign.SECONDS == 120


def test_a_key_that_an_agent_holds_signs(agent: Path) -> None:
    assert not agent.with_name("key").exists()
    assert holds(sign(STATEMENT, agent), agent)


def test_a_made_key_is_ed25519_for_its_owner_only(key: Path) -> None:
    assert key.with_name("key.pub").read_text().startswith("ssh-ed25519 ")
    assert key.with_name("key.pub").read_text().endswith(" ada's key\n")
    assert key.stat().st_mode & 0o077 == 0


def test_a_key_that_is_there_stays(key: Path) -> None:
    before = key.read_bytes()
    make_key(key, "another")
    assert key.read_bytes() == before
    make_key(key.with_name("second"), "in a folder that is there")
    assert key.with_name("second").read_bytes() != before


def test_a_key_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Terminal, match=r"ssh-keygen did not sign with .*missing: .*No such file"):
        sign(STATEMENT, tmp_path / "missing")


def test_what_is_no_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("garbage")
    (tmp_path / "key").chmod(0o600)
    with pytest.raises(Terminal, match="ssh-keygen did not sign with "):
        sign(STATEMENT, tmp_path / "key")


def test_a_public_key_without_an_agent_is_refused(key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    public = key.with_name("key.pub").rename(key.with_name("alone.pub"))
    with pytest.raises(Terminal, match=r"ssh-keygen did not sign with .*alone\.pub: "):
        sign(STATEMENT, public)


def test_a_place_where_no_key_can_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Terminal, match=r"ssh-keygen made no key in .*: .+"):
        make_key(tmp_path / ("x" * 252), "a name that is too long with .pub")


def test_a_laptop_without_ssh_keygen_is_told_what_to_install(path: Path, tmp_path: Path) -> None:
    with pytest.raises(Terminal, match="ssh-keygen is not installed; it comes with OpenSSH"):
        sign(STATEMENT, tmp_path / "key")
    assert not list(path.iterdir())


def test_an_end_without_a_reason_is_told_as_such(path: Path, tmp_path: Path) -> None:
    program(path, "exit 1")
    with pytest.raises(Terminal, match=r"ssh-keygen did not sign with .*key: it gave no reason"):
        sign(STATEMENT, tmp_path / "key")
    program(path, "exit 255")
    with pytest.raises(Terminal, match="ssh-keygen made no key in "):
        make_key(tmp_path / "key", "ada")


def test_a_program_that_does_not_end_is_ended(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(path, "exec /bin/sleep 60")
    monkeypatch.setattr(ssh_sign, "SECONDS", 0.2)
    with pytest.raises(Terminal, match=r"ssh-keygen did not finish within 0\.2 s"):
        sign(STATEMENT, tmp_path / "key")

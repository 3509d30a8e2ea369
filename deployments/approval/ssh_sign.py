"""An approver's SSH signature, made by ssh-keygen with their own key or agent."""

import shutil
import subprocess
from pathlib import Path

from domain.approval.statement import NAMESPACE, Statement
from domain.errors import Terminal

SECONDS = 120
"""A person may have to touch a token or type a passphrase."""


def sign(statement: Statement, key: Path) -> str:
    """The armored signature over a statement's text. key: a private key, or a .pub file whose key an agent holds."""
    done = _ssh_keygen("-Y", "sign", "-q", "-f", str(key), "-n", NAMESPACE, given=statement.text)
    if done.returncode != 0:
        raise Terminal(f"ssh-keygen did not sign with {key}: {done.stderr.strip() or 'it gave no reason'}")
    return done.stdout


def make_key(file: Path, comment: str) -> None:
    """A new Ed25519 key without a passphrase, unless the file is there."""
    if file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    done = _ssh_keygen("-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(file), given="")
    if done.returncode != 0:
        raise Terminal(f"ssh-keygen made no key in {file}: {done.stderr.strip()}")


def _ssh_keygen(*arguments: str, given: str) -> "subprocess.CompletedProcess[str]":
    program = shutil.which("ssh-keygen")
    if program is None:
        raise Terminal("ssh-keygen is not installed; it comes with OpenSSH (Debian: openssh-client)")
    try:
        return subprocess.run(
            [program, *arguments], input=given, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise Terminal(f"ssh-keygen did not finish within {SECONDS} s") from error

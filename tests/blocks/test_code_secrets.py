"""Secrets of authenticators: the owner alone may use their folder and files, and a name from the server leads out of no folder."""

import os
import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from blocks.code_secrets import FOLDER, CodeSecrets
from domain.errors import Terminal

SECRET = SecretStr("JBSWY3DPEHPK3PXP")


@pytest.fixture
def secrets(tmp_path: Path) -> CodeSecrets:
    """With one in it."""
    before = os.umask(0)
    try:
        made = CodeSecrets(tmp_path / "home" / "code-secrets")
        made.write("approver-ada", SECRET)
    finally:
        os.umask(before)
    return made


def test_what_is_kept_is_read_and_is_its_owner_s_alone(secrets: CodeSecrets) -> None:
    assert secrets.read("approver-ada") == SECRET
    assert stat.S_IMODE(secrets.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((secrets.folder / "approver-ada").stat().st_mode) == 0o600


def test_one_that_is_there_is_not_written_over(secrets: CodeSecrets) -> None:
    with pytest.raises(Terminal, match="File exists") as refused:
        secrets.write("approver-ada", SecretStr("other"))
    assert "other" not in str(refused.value)
    assert secrets.read("approver-ada") == SECRET


@pytest.mark.parametrize(
    "name", ["../approver-ada", "/etc/passwd", "", ".", "..", "a/b", "a\n", "-a", "A" * 3, "a" * 101]
)
def test_a_name_that_leads_elsewhere_is_refused(secrets: CodeSecrets, name: str) -> None:
    for use in (lambda: secrets.read(name), lambda: secrets.write(name, SECRET)):
        with pytest.raises(Terminal, match="is no name of an authenticator's secret"):
            use()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_file_that_others_may_use_counts_no_more(secrets: CodeSecrets, mode: int) -> None:
    (secrets.folder / "approver-ada").chmod(mode)
    with pytest.raises(Terminal, match=r"others on this machine may use .*approver-ada.*enrol a new authenticator"):
        secrets.read("approver-ada")


@pytest.mark.parametrize("mode", [0o750, 0o701])
def test_a_folder_that_others_may_enter_is_not_used(secrets: CodeSecrets, mode: int) -> None:
    secrets.folder.chmod(mode)
    with pytest.raises(Terminal, match=r"others on this machine may use .*code-secrets"):
        secrets.read("approver-ada")
    with pytest.raises(Terminal, match=r"others on this machine may use .*code-secrets"):
        secrets.write("approver-grace", SECRET)


def test_one_that_is_not_here_is_said_with_where_it_would_be(secrets: CodeSecrets) -> None:
    with pytest.raises(Terminal, match=r"approver-grace .*cannot be read in .*\(No such file.*where it was enrolled"):
        secrets.read("approver-grace")


def test_a_machine_that_names_no_folder_keeps_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(FOLDER, raising=False)
    with pytest.raises(Terminal, match=f"{FOLDER} names none here"):
        CodeSecrets.here()
    monkeypatch.setenv(FOLDER, str(tmp_path))
    assert CodeSecrets.here().folder == tmp_path

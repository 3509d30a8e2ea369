"""Programs are installed in one go where that may be done, and named where not."""

import os
from pathlib import Path

import programs
import pytest


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing but an `apt-get` that writes down what it is asked, and installs only after an update."""
    log = tmp_path / "asked"
    apt = tmp_path / "bin" / "apt-get"
    apt.parent.mkdir()
    apt.write_text(
        f'#!/bin/sh\necho "$*" >> {log}\ncase "$2" in update) : > {tmp_path}/updated;; *) [ -e {tmp_path}/updated ];; esac\n'
    )
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", str(apt.parent))
    return log


def test_without_lists_apt_is_updated_first(asked: Path, tmp_path: Path) -> None:
    assert programs.install(["chromium", "openssh-client"], lists=tmp_path / "none")
    assert asked.read_text().splitlines() == ["--quiet update", "--quiet install --yes chromium openssh-client"]


def test_old_lists_are_renewed_when_a_package_is_no_longer_there(asked: Path, tmp_path: Path) -> None:
    (tmp_path / "debian_Packages.lz4").touch()
    assert programs.install(["chromium"], lists=tmp_path)
    install = "--quiet install --yes chromium"
    assert asked.read_text().splitlines() == [install, "--quiet update", install]


def test_who_may_not_install_is_told_how_and_goes_on(
    asked: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert programs.main(["ssh-keygen", "kubectl"]) == 0
    said = capsys.readouterr().out
    assert "ssh-keygen is not installed: approvers sign with it" in said
    assert "sudo apt-get update && sudo apt-get install openssh-client kubernetes-client" in said
    assert not asked.exists()


def test_nothing_is_asked_or_said_where_all_is_there(asked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    present = asked.parent / "bin" / "kubectl"
    present.write_text("#!/bin/sh\n")
    present.chmod(0o755)
    assert programs.main(["kubectl"]) == 0
    assert not asked.exists()
    assert capsys.readouterr().out == ""

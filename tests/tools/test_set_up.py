"""Set-up as make calls it, with a wheel of our own instead of an index."""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import set_up
from set_up import ROOT, SetUpError, Venv, good_enough, pins, pip_settings, uv_environment, write_requirements

PROJECT = '[build-system]\nrequires = []\nbuild-backend = "tiny_backend"\nbackend-path = ["."]\n'


def test_pips_settings_are_handed_on_under_uvs_names() -> None:
    listed = (
        ":env:.cert='/etc/own.pem'\n"
        "global.cert='/etc/all.pem'\n"
        "global.find-links='/wheels /more'\n"
        "global.extra-index-url='\\nfile:///a\\nfile:///b'\n"
        "install.index-url='file:///chosen'\n"
        "global.index-url='file:///other'\n"
        "download.no-index='1'\n"
        "global.constraint='/etc/c.txt'\n"
    )
    variables = uv_environment(pip_settings(listed), {"HOME": "/home/ada"})
    assert variables == {
        "SSL_CERT_FILE": "/etc/own.pem",
        "UV_FIND_LINKS": "/wheels,/more",
        "UV_INDEX": "file:///a file:///b",
        "UV_DEFAULT_INDEX": "file:///chosen",
        "UV_PYTHON_DOWNLOADS": "never",
        "HOME": "/home/ada",
    }


def test_what_is_set_for_uv_itself_stays() -> None:
    assert uv_environment({"find-links": "/wheels"}, {"UV_FIND_LINKS": "/mine"})["UV_FIND_LINKS"] == "/mine"


def program(folder: Path, says: str) -> Path:
    """A `uv` that says something and does nothing."""
    file = folder / "uv"
    file.write_text(f"#!/bin/sh\n{says}\n")
    file.chmod(0o755)
    return file


@pytest.mark.parametrize(
    ("says", "good"),
    [("echo uv 0.8.0", True), ("echo 'uv 1.0.3 (abc)'", True), ("echo uv 0.7.22", False), ("exit 1", False)],
)
def test_a_uv_that_is_too_old_or_does_not_run_is_not_used(tmp_path: Path, says: str, good: bool) -> None:
    assert good_enough(program(tmp_path, says)) is good
    assert not good_enough(tmp_path / "absent")


def wheel(folder: Path) -> str:
    """Put a wheel of one module into the folder; returns its sha256."""
    file = folder / "tiny-1.0-py3-none-any.whl"
    info = "tiny-1.0.dist-info"
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("tiny.py", "ANSWER = 42\n")
        packed.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\nRequires-Dist: unlisted\n"
        )
        packed.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        packed.writestr(f"{info}/RECORD", f"tiny.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.fixture
def listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A requirements file that names the wheel, and nothing that it depends on; pip looks nowhere but in its folder, and the machine has no uv."""
    requirements = tmp_path / "tiny.txt"
    requirements.write_text(f"tiny==1.0 --hash=sha256:{wheel(tmp_path)}\n")
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return requirements


def answer(venv: Venv) -> str:
    done = subprocess.run(
        [venv.python, "-c", "import tiny; print(tiny.ANSWER)"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def test_where_uv_cannot_be_had_pip_installs_the_same(
    tmp_path: Path, listed: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    venv = Venv(tmp_path / "venv")
    venv.create()
    assert not venv.ready.exists()
    venv.install(listed)
    said = capfd.readouterr().out
    assert "uv cannot be had (ERROR: No matching distribution found for uv" in said
    assert "with pip, which takes some minutes" in said
    assert answer(venv) == "42"


def test_where_uv_fails_pip_installs_the_same_and_other_bytes_are_refused(
    tmp_path: Path, listed: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    program(tmp_path / "bin", 'case "$1" in --version) echo uv 9.9.9;; *) echo no certificate >&2; exit 2;; esac')
    venv = Venv(tmp_path / "venv")
    venv.create()
    venv.install(listed)
    said = capfd.readouterr()
    assert "no certificate" in said.err
    assert "uv could not install them" in said.out
    assert answer(venv) == "42"
    listed.write_text(f"tiny==1.0 --hash=sha256:{'0' * 64}\n")
    subprocess.run([*venv.pip, "uninstall", "--quiet", "--yes", "tiny"], check=True)
    with pytest.raises(SetUpError, match="ended with code 1"):
        venv.install(listed)
    assert answer(venv) == ""


def test_a_set_up_that_was_interrupted_begins_anew_and_one_that_ended_is_kept(tmp_path: Path) -> None:
    venv = Venv(tmp_path / "venv")
    venv.create()
    half = venv.folder / "half"
    half.touch()
    venv.create()
    assert not half.exists()
    half.touch()
    venv.ready.touch()
    venv.create()
    assert half.exists()
    assert not venv.ready.exists()


@pytest.mark.parametrize(
    ("target", "starts", "never"),
    [
        ("lint", ["ruff check"], [".data ", "programs.py"]),
        ("demo", ["programs.py ssh-keygen", "signalbox demo"], [".data ", "chromium", "kubectl"]),
        ("test", ["workloads.plants.data", "workloads.flask_app.data", "chromium"], []),
    ],
)
def test_a_target_waits_for_no_more_than_it_needs(
    tmp_path: Path, target: str, starts: list[str], never: list[str]
) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "pyproject.toml").touch()
    command = ["make", "--no-print-directory", "-n", target, f"PYTHON={sys.executable}"]
    planned = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert all(part in planned for part in ["set_up.py install", *starts]), planned
    assert not any(part in planned for part in never), planned


RESOLVED = """\
a-b==1.0 \\
    --hash=sha256:00 \\
    --hash=sha256:01
c[x, y]==2.0 ; python_full_version < '3.12' \\
    --hash=sha256:02
c[x, y]==3.0 ; python_full_version >= '3.12' \\
    --hash=sha256:03
"""


def test_what_is_resolved_is_told_apart_and_a_purpose_that_is_no_more_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(set_up, "REQUIREMENTS", tmp_path / "requirements")
    resolved = pins(RESOLVED)
    assert {name: len(lines) for name, lines in resolved.items()} == {"a-b": 1, "c": 2}
    write_requirements(resolved, {"all": {"c", "a-b"}, "old": {"c"}})
    write_requirements(resolved, {"all": {"c", "a-b"}, "one": {"a-b"}})
    written = {file.stem: file.read_text() for file in (tmp_path / "requirements").iterdir()}
    assert written == {"all": RESOLVED, "one": "".join(RESOLVED.splitlines(keepends=True)[:3])}

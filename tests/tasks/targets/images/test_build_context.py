"""What is sent to be built: neither more nor less than the image is to have."""

import tarfile
from pathlib import Path

import pytest

from domain.declaration.service import Service
from domain.errors import Terminal
from tasks.content_digest import content_digest
from tasks.targets.images import build_context
from tasks.targets.images.build_context import pack

SERVICE = Service(folder=Path("service"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of a workload, with a service."""
    service = tmp_path / "workload" / "service"
    (service / "__pycache__").mkdir(parents=True)
    (service / "__pycache__" / "app.pyc").write_text("compiled")
    (service / "Dockerfile").write_text("FROM scratch\nCOPY . .\n")
    (service / "app.py").write_text("print()")
    return service.parent


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Its files, one of them hidden."""
    files = tmp_path / "files"
    (files / ".deep").mkdir(parents=True)
    (files / "model.txt").write_text("1")
    (files / ".deep" / ".meta").write_text("2")
    return files


def unpacked(packed: Path, into: Path) -> dict[str, str]:
    """File → its text."""
    with tarfile.open(packed) as archive:
        archive.extractall(into, filter="data")
    return {path.relative_to(into).as_posix(): path.read_text() for path in into.rglob("*") if path.is_file()}


def test_the_model_is_sent_whole_and_nothing_of_a_try_by_hand_is_mixed_in(
    folder: Path, model: Path, tmp_path: Path
) -> None:
    (folder / "service" / "model").mkdir()
    (folder / "service" / "model" / "stale.txt").write_text("old")
    sent = unpacked(pack(SERVICE, folder, model, tmp_path), tmp_path / "sent")
    assert set(sent) == {"Dockerfile", "app.py", "model/model.txt", "model/.deep/.meta"}
    assert content_digest(tmp_path / "sent" / "model") == content_digest(model)


def test_what_is_ignored_or_hidden_never_leaves_this_machine_and_the_model_is_not_asked(
    folder: Path, model: Path, tmp_path: Path
) -> None:
    service = folder / "service"
    (service / ".dockerignore").write_text("**/credentials.json\nDockerfile\nmodel\n**/*.txt\n")
    (service / "credentials.json").write_text("secret")
    (service / "deep").mkdir()
    (service / "deep" / "credentials.json").write_text("secret")
    (service / ".env").write_text("secret")
    sent = unpacked(pack(SERVICE, folder, model, tmp_path), tmp_path / "sent")
    assert set(sent) == {"Dockerfile", "app.py", "model/model.txt", "model/.deep/.meta"}


@pytest.mark.parametrize("target", ["../outside.txt", "/etc/hostname"])
def test_a_link_that_leads_out_of_the_folder_is_refused(folder: Path, model: Path, tmp_path: Path, target: str) -> None:
    (folder / "outside.txt").write_text("secret")
    (folder / "service" / "link.txt").symlink_to(target)
    with pytest.raises(Terminal, match=r"service/link\.txt is a link that leads out of service/"):
        pack(SERVICE, folder, model, tmp_path)


def test_a_link_within_the_folder_is_sent_as_it_is(folder: Path, model: Path, tmp_path: Path) -> None:
    (folder / "service" / "link.py").symlink_to("app.py")
    assert unpacked(pack(SERVICE, folder, model, tmp_path), tmp_path / "sent")["link.py"] == "print()"


def test_equal_files_make_equal_bytes(folder: Path, model: Path, tmp_path: Path) -> None:
    first = pack(SERVICE, folder, model, tmp_path).read_bytes()
    (folder / "service" / "app.py").touch()
    (tmp_path / "again").mkdir()
    assert pack(SERVICE, folder, model, tmp_path / "again").read_bytes() == first


def test_a_context_that_is_too_large_is_refused(
    folder: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_context, "LARGEST", 100)
    with pytest.raises(Terminal, match=r"larger than .* what is in service/"):
        pack(SERVICE, folder, model, tmp_path)


def test_whoever_the_image_runs_as_can_read_it_and_this_machine_s_umask_changes_no_byte(
    folder: Path, model: Path, tmp_path: Path
) -> None:
    (folder / "service" / "app.py").chmod(0o755)
    (folder / "service" / "run.sh").write_text("#!/bin/sh\n")
    places = [tmp_path / "open", tmp_path / "private"]
    for place in places:
        place.mkdir()
    before = pack(SERVICE, folder, model, places[0]).read_bytes()
    for path in (model, *model.rglob("*"), folder / "service" / "run.sh"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    (folder / "service" / "app.py").chmod(0o700)
    packed = pack(SERVICE, folder, model, places[1])
    assert packed.read_bytes() == before
    with tarfile.open(packed) as archive:
        modes = {member.name: member.mode for member in archive.getmembers()}
    assert modes["model/model.txt"] == 0o644
    assert (modes["model"], modes["model/.deep"], modes["app.py"]) == (0o755, 0o755, 0o755)

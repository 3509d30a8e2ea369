"""A build's context: bounded, and nothing of it leaves its folder."""

import io
import tarfile
from pathlib import Path

import pytest

from emulator.images import build_context
from emulator.images.build_context import sources, unpack
from emulator.images.build_failure import BuildFailedError


def packed(file: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(file, "w:gz") as target:
        for member, content in members:
            member.size = len(content)
            target.addfile(member, io.BytesIO(content))
    return file


def link(name: str, to: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, to
    return member


def test_an_archive_is_unpacked_and_measured(tmp_path: Path) -> None:
    members = [(tarfile.TarInfo("a/b.txt"), b"four"), (tarfile.TarInfo("c.txt"), b"12")]
    assert unpack(packed(tmp_path / "x.tgz", *members), tmp_path / "out") == 6
    assert (tmp_path / "out" / "a" / "b.txt").read_bytes() == b"four"


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        (tarfile.TarInfo("../evil.txt"), "reaches outside itself"),
        (tarfile.TarInfo("/etc/evil"), "absolute path"),
        (link("out", "/etc/passwd"), "reaches outside itself"),
        (link("up", "../../x"), "reaches outside itself"),
    ],
)
def test_a_member_that_leaves_the_context_is_refused(tmp_path: Path, member: tarfile.TarInfo, reason: str) -> None:
    with pytest.raises(BuildFailedError, match=reason):
        unpack(packed(tmp_path / "x.tgz", (member, b"")), tmp_path / "out")
    assert not (tmp_path / "evil.txt").exists()


def test_a_context_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = packed(tmp_path / "x.tgz", (tarfile.TarInfo("a"), b"12345"), (tarfile.TarInfo("b"), b"12345"))
    monkeypatch.setattr(build_context, "MOST_BYTES", 9)
    with pytest.raises(BuildFailedError, match="the context is too large"):
        unpack(file, tmp_path / "bytes")
    monkeypatch.setattr(build_context, "MOST_BYTES", 10)
    assert unpack(file, tmp_path / "fits") == 10
    monkeypatch.setattr(build_context, "MOST_MEMBERS", 1)
    with pytest.raises(BuildFailedError, match="more than 1 files"):
        unpack(file, tmp_path / "members")


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"no archive")
    with pytest.raises(BuildFailedError, match="not a tar archive"):
        unpack(tmp_path / "x", tmp_path / "out")


def test_sources_are_found_inside_only(tmp_path: Path) -> None:
    context = tmp_path / "context"
    (context / "pkg").mkdir(parents=True)
    for name in ("a.py", "b.py", "pkg/c.py"):
        (context / name).write_text("")
    (tmp_path / "secret").write_text("")
    (context / "link").symlink_to(tmp_path / "secret")
    assert sources(context, "*.py", "x") == [context / "a.py", context / "b.py"]
    assert sources(context, "./pkg/", "x") == [context / "pkg"]
    assert sources(context, ".", "x") == [context]
    with pytest.raises(BuildFailedError, match="file not found in here: stat z: file does not exist"):
        sources(context, "z", "here")
    for outside in ("../secret", "pkg/../../secret", "link"):
        with pytest.raises(BuildFailedError, match="forbidden path outside the build context"):
            sources(context, outside, "x")

"""What an image is built from: the service's folder, and the released model's files in `model/`, in one packed file."""

import gzip
import tarfile
from collections.abc import Iterator
from pathlib import Path

from domain.declaration.service import Service
from domain.errors import Terminal
from domain.parsing.dockerignore import NAME, DockerIgnore

MODEL = "model"
"""The folder of the build context with the model's files. What the service's folder has under this name is of a try by hand."""
LARGEST = 1 << 30
"""Bytes, packed."""


def pack(service: Service, folder: Path, model: Path, scratch: Path) -> Path:
    """The same bytes for the same files. folder: the workload's; model: the released files; scratch: where it is put.

    The service's folder goes without what its .dockerignore names and without hidden files, so that they never leave this
    machine; the model whole. Terminal for a link that leads out of the folder, and for more than `LARGEST` bytes.
    """
    packed, top = scratch / "context.tar.gz", folder / service.folder
    with gzip.GzipFile(packed, "wb", mtime=0) as stream, tarfile.open(fileobj=stream, mode="w") as archive:
        for path in _files(service, top):
            archive.add(path, path.relative_to(top).as_posix(), recursive=False, filter=_plain)
        archive.add(model, MODEL, filter=_plain)
    if packed.stat().st_size > LARGEST:
        raise Terminal(f"the build context is larger than {LARGEST >> 20} MiB; what is in {service.folder}/?")
    return packed


def _files(service: Service, top: Path) -> Iterator[Path]:
    """What is sent of the service's folder. No .dockerignore: it would be applied to the model, too."""
    ignore = top / NAME
    ignored = DockerIgnore.parse(ignore.read_text("utf-8") if ignore.is_file() else "")
    for path in sorted(top.rglob("*")):
        name = path.relative_to(top)
        if path.is_symlink() and not path.resolve().is_relative_to(top.resolve()):
            raise Terminal(
                f"{service.folder / name} is a link that leads out of {service.folder}/, so no image can have it; put the file itself there"
            )
        sent = name.parts[0] != MODEL and not _is_of_this_machine(name) and not ignored.leaves_out(name.as_posix())
        if (sent or name == service.dockerfile) and (path.is_symlink() or not path.is_dir()):
            yield path


def _is_of_this_machine(name: Path) -> bool:
    return "__pycache__" in name.parts or any(part.startswith(".") for part in name.parts)


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without what is of this machine and this moment; readable by whoever the image runs as, whatever the umask was here."""
    member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = 0
    return member

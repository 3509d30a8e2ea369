"""A build's context: a tar archive of a client's, unpacked; nothing of it lands, or is read, outside its folder."""

import lzma
import tarfile
import zlib
from pathlib import Path, PurePosixPath

from emulator.images.build_failure import BuildFailedError

MOST_BYTES = 1024**3
"""Of all files, unpacked. Azure's own limit is on the upload."""
MOST_MEMBERS = 100_000


def unpack(archive: Path, folder: Path) -> int:
    """Unpack a tar, gzipped or not; how many bytes it held. BuildFailedError when it is none, too large, or reaches out."""
    folder.mkdir(parents=True, exist_ok=True)
    total = 0
    try:
        with tarfile.open(archive, "r:*") as source:
            for number, member in enumerate(source, 1):
                total += member.size
                if total > MOST_BYTES or number > MOST_MEMBERS:
                    raise BuildFailedError(
                        f"the context is too large: more than {MOST_BYTES // 1024**2} MiB unpacked, or more than "
                        f"{MOST_MEMBERS:,} files. Leave out what the image does not need, with a .dockerignore"
                    )
                if PurePosixPath(member.name).is_absolute():
                    raise BuildFailedError(f"the context has a member with an absolute path: {member.name!r}")
                source.extract(member, folder, filter="data")
    except tarfile.FilterError as error:
        raise BuildFailedError(f"the context reaches outside itself: {error}") from error
    except (tarfile.TarError, EOFError, OSError, lzma.LZMAError, zlib.error) as error:
        raise BuildFailedError(f"the source is not a tar archive that can be read: {error}") from error
    return total


def sources(folder: Path, pattern: str, where: str) -> list[Path]:
    """The files and folders that a COPY's source names; BuildFailedError when there are none. where: for the message."""
    if PurePosixPath("/", pattern).as_posix().split("/").count(".."):
        raise BuildFailedError(f"COPY failed: forbidden path outside the build context: {pattern} ()")
    plain = pattern.strip("/").removeprefix("./") or "."
    if plain == ".":
        return [folder]
    found = sorted(folder.glob(plain)) if any(sign in plain for sign in "*?[") else [folder / plain]
    top = folder.resolve()
    found = [one for one in found if one.is_symlink() or one.exists()]
    if not found:
        raise BuildFailedError(f"COPY failed: file not found in {where}: stat {pattern}: file does not exist")
    for one in found:
        if not one.resolve().is_relative_to(top):
            raise BuildFailedError(f"COPY failed: forbidden path outside the build context: {pattern} ({one.name})")
    return found

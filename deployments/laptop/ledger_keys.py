"""The laptop signs its ledger, as an environment should: with a key of its own, made once, and trusted by itself alone."""

import os
from collections.abc import Callable
from pathlib import Path

from domain.ledger.signature import SigningKey
from tasks.ledger.trust import KEY, TRUST, WRITERS

NAME = "laptop"
OLDER = "from-before"
"""A file that says that the folder held a ledger when its keys were made, until what is in there was taken over."""


def ledger_keys(home: Path) -> dict[str, str]:
    """What processes read to sign and to verify."""
    return {TRUST: str(_folder(home) / "trust"), KEY: str(_folder(home) / "writer")}


def make_ledger_keys(home: Path) -> None:
    """Unless they are there."""
    folder = _folder(home)
    trust, key = folder / "trust", folder / "writer"
    if (trust / WRITERS).exists():
        return
    home.mkdir(parents=True, exist_ok=True)
    for made_for in (folder, trust):
        made_for.mkdir(mode=0o700, exist_ok=True)
    if (home / "emulator").exists():
        (folder / OLDER).touch()
    made = SigningKey.made()
    key.unlink(missing_ok=True)
    with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(made.file())
    draft = trust / f".{WRITERS}"
    draft.write_text(
        f"# Whose facts count in this folder's ledger.\nwriters:\n  - {{name: {NAME}, key: {made.public_key}}}\n"
    )
    draft.chmod(0o600)
    draft.replace(trust / WRITERS)  # the last of all: until then nothing was made


def take_over_older(home: Path, report: Callable[[str], None]) -> None:
    """Once after keys were made for a folder that held a ledger. Import it once the laptop's settings are in force."""
    mark = _folder(home) / OLDER
    if not mark.exists():
        return
    from blocks.ledger import Ledger
    from blocks.loading import loaded
    from tasks.ledger.taking_over import take_over_releases
    from tasks.workloads import known_workloads

    done = take_over_releases(loaded(Ledger, "ledger"), known_workloads())
    mark.unlink()
    report(f"took over {len(done.taken)} releases of this folder from before its ledger was signed")
    for release, why in done.left.items():
        report(f"left as it is: {release}: {why}")


def _folder(home: Path) -> Path:
    return home / "keys"

"""The mutants that may survive, each with its reason: survivors.yaml."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from mutant import Mutant

LIST = Path(__file__).with_name("survivors.yaml")
FIELDS = ("module", "within", "line", "becomes", "reason")

Key = tuple[str, ...]


def read_allowed(path: Path = LIST) -> dict[Key, str]:
    """Mutant's key → reason."""
    allowed: dict[Key, str] = {}
    for entry in yaml.safe_load(path.read_text(encoding="utf-8")) or []:
        if not isinstance(entry, dict) or set(entry) != set(FIELDS) or not str(entry["reason"] or "").strip():
            raise SystemExit(f"{path}: each entry has {', '.join(FIELDS)}, and a reason: {entry}")
        key = tuple(str(entry[field]) for field in FIELDS[:-1])
        if key in allowed:
            raise SystemExit(f"{path}: this stands there twice: {entry}")
        allowed[key] = entry["reason"]
    return allowed


def stale(
    allowed: dict[Key, str], made: Sequence[Mutant], killed: Sequence[Mutant], lived: Sequence[Mutant]
) -> list[str]:
    """Entries that no longer have anything to allow. made: all mutants of the modules that were looked at."""
    modules = {mutant.module for mutant in made}
    unknown = {key for key in allowed if key[0] in modules} - {mutant.key for mutant in made}
    noticed = {mutant.key for mutant in killed} - {mutant.key for mutant in lived}
    faults = [f"no such mutant: {' | '.join(key)}" for key in sorted(unknown)]
    return faults + [f"a test notices it now: {' | '.join(key)}" for key in sorted(noticed & set(allowed))]


def as_entries(mutants: Sequence[Mutant]) -> str:
    """Mutants as the list has them; the reasons are for people to write."""
    text = ""
    for mutant in mutants:
        values: dict[str, Any] = dict(zip(FIELDS, (*mutant.key, ""), strict=True))
        entry = yaml.safe_dump([values], sort_keys=False, allow_unicode=True, width=1000)
        text += f"# {mutant.module}:{mutant.number} {mutant.operator}\n{entry}"
    return text

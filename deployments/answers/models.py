"""The answer of `signalbox models`: model versions and their tags."""

from collections.abc import Mapping, Sequence

from deployments.answers.answer import CommandAnswer
from deployments.table import Table
from domain.tags import CUTOFF, RELEASE_ID


def models_answer(place: str, found: Sequence[tuple[str, str, Mapping[str, str]]]) -> CommandAnswer:
    """place: block name of the registry or workspace. found: name, version and tags of each."""
    table = Table("model", "version", "cutoff date", "release", "tags")
    for name, version, tags in found:
        rest = ", ".join(f"{tag}={tags[tag]}" for tag in sorted(tags.keys() - {CUTOFF, RELEASE_ID}))
        table.add_row(name, version, tags.get(CUTOFF), tags.get(RELEASE_ID), rest)
    document = {
        "place": place,
        "models": [
            {
                "model": name,
                "version": version,
                "cutoff_date": tags.get(CUTOFF),
                "release": tags.get(RELEASE_ID),
                "tags": dict(tags),
            }
            for name, version, tags in found
        ],
    }
    return CommandAnswer(document, (table,) if found else (f"no model in {place} carries these tags",))

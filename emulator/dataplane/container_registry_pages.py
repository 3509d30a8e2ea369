"""Long lists of a container registry, a page at a time: `n` of them after `last`."""

from collections.abc import Sequence
from typing import Protocol, TypeVar
from urllib.parse import urlencode

from emulator.arm.call import Call
from emulator.dataplane.container_registry_errors import RegistryError

MOST = 100


class Dated(Protocol):
    """What has a date of its last change."""

    updated: str


One = TypeVar("One", bound=Dated)


def ordered(call: Call, everything: list[One]) -> list[One]:
    """As `orderby` asks: `timedesc`, `timeasc`, or as they are."""
    match call.query.get("orderby", "none"):
        case "timedesc":
            return sorted(everything, key=lambda one: one.updated, reverse=True)
        case "timeasc":
            return sorted(everything, key=lambda one: one.updated)
    return everything


def page(call: Call, names: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The names of the page that is asked for, and the header that says where the next one is."""
    text = call.query.get("n", str(MOST))
    if not text.isdecimal() or int(text) < 1:
        raise RegistryError(400, "PAGINATION_NUMBER_INVALID", f"invalid number of results requested: n={text}")
    size, last = min(int(text), MOST), call.query.get("last")
    start = names.index(last) + 1 if last in names else 0
    chosen = list(names[start : start + size])
    if start + size >= len(names):
        return chosen, {}
    query = urlencode({**call.query, "last": chosen[-1], "n": size})
    return chosen, {"Link": f'<{call.raw_path}?{query}>; rel="next"'}

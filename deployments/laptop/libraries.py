"""What a laptop needs and a worker in the cloud does not have: the libraries of the emulator, and those of a workload's training code."""

from importlib.metadata import PackageNotFoundError, distribution, requires

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from domain.errors import Terminal
from domain.text import listed

DISTRIBUTION = "signalbox"


def missing_libraries(extra: str) -> list[str]:
    """What an extra of Signalbox names and is not installed. extra: `emulator`, or a workload; of one that is not ours nothing is known."""
    found = []
    for text in requires(DISTRIBUTION) or ():
        one = Requirement(text)
        if one.marker is None or one.marker.evaluate({"extra": ""}):
            continue  # the product's own
        if one.marker.evaluate({"extra": canonicalize_name(extra)}) and not _installed(one.name):
            found.append(one.name)
    return sorted(found)


def check_libraries(*extras: str) -> None:
    """Terminal with what is not installed of these extras, and how to get it."""
    missing = {extra: names for extra in extras if (names := missing_libraries(extra))}
    if missing:
        what = "; ".join(f"{extra} needs {listed(names)}" for extra, names in missing.items())
        wanted = ",".join(map(canonicalize_name, missing))
        raise Terminal(
            f"this installation is for workers, without what only a laptop needs: {what}. "
            f"Install {DISTRIBUTION}[{wanted}], or run `make setup` in a checkout"
        )


def _installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True

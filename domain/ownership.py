"""Whose a thing in Azure is: two workloads may have circuits of the same names, and neither touches what is the other's."""

from collections.abc import Callable, Mapping

from domain.errors import Terminal
from domain.tags import RELEASE_ID, WORKLOAD

Tags = Mapping[str, str]


def why_not_ours(what: str, tags: Tags, workload: str, made: Callable[[str], bool]) -> str:
    """Why a workload does not touch it; empty where it may: it is the workload's own, or nobody of ours made it.

    made: whether a release of this workload made it, for what was made before things said whose they are.
    """
    whose, release = tags.get(WORKLOAD), tags.get(RELEASE_ID)
    if whose == workload:
        return ""
    if whose is not None:
        return (
            f"{what} belongs to workload {whose}. Give one of the two a `prefix` in its workload.yaml, or its environment's block, "
            "so that each has names of its own"
        )
    if release is not None and not made(release):
        return (
            f"{what} was made by release {release}, which is not in the ledger of {workload}. Another workload made it; "
            f"if it belongs to this one, give it the tag {WORKLOAD}={workload}"
        )
    return ""


def must_not_be_anothers(what: str, tags: Tags, workload: str) -> None:
    """Terminal where it says that it is another workload's: asked just before it would be changed."""
    if why := why_not_ours(what, tags, workload, lambda _: True):
        raise Terminal(f"{why}. Nothing was touched.")

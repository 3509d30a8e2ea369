"""What a switch would replace, and whether one could go back to it."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from blocks.model_registry import ModelRegistry
from domain.kept import is_ours
from domain.unit import Unit
from tasks.platform import Platform, model_of
from tasks.serving import READERS, deployment_serving


@dataclass(frozen=True)
class Incumbent:
    """What serves a circuit now, in words. fault: why it could not serve again; empty when it could."""

    version: str
    fault: str


def incumbents_of(platform: Platform, registry: ModelRegistry, units: Sequence[Unit]) -> dict[Unit, Incumbent]:
    """Of every circuit that something serves, read side by side. registry: where models should be."""
    lack_of = platform.lacks(registry)

    def read(unit: Unit) -> Incumbent | None:
        found = deployment_serving(platform, unit)
        if found is None:
            return _nothing(platform, unit)
        version = f"version {model_of(found)[1]} ({found.name})"
        return Incumbent(version, lack_of(found) if found.state == "Succeeded" else f"{found.name} is {found.state}")

    with ThreadPoolExecutor(READERS, "reading what serves") as pool:
        return {unit: one for unit, one in zip(units, pool.map(read, units), strict=True) if one is not None}


def _nothing(platform: Platform, unit: Unit) -> Incumbent | None:
    """Where nothing serves, the way back takes the endpoint away: not with what somebody deployed there by hand."""
    by_hand = sorted(one.name for one in platform.deployments(platform.endpoint(unit)) if not is_ours(one))
    if not by_hand:
        return None
    return Incumbent(
        "nothing", f"nothing serves, and no release made {', '.join(by_hand)}: with it there, it cannot be so again"
    )

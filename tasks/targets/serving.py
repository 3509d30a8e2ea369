"""What serves at a stage, as Azure says now, whatever kind of target it is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from domain.errors import SignalboxError
from domain.rollout.rollback import Standing
from domain.rollout.served import Served, StageServed
from domain.tags import CUTOFF, NO_PREVIOUS, PREVIOUS, RELEASE_ID
from domain.unit import Unit
from tasks.targets.platform import Deployment, Platform, model_of
from tasks.targets.read_each import read_each


def serving_of(platform: Platform, endpoints: Iterable[str]) -> dict[str, str | None]:
    """What each endpoint serves now, read side by side."""
    return read_each(endpoints, platform.serving)


def deployment_serving(platform: Platform, unit: Unit) -> Deployment | None:
    """What serves the circuit; None where nothing does."""
    endpoint = platform.endpoint(unit)
    name = platform.serving(endpoint)
    return None if name is None else platform.find(endpoint, name)


def stage_served(platform: Platform, stage: str, units: Sequence[Unit]) -> StageServed:
    """What serves every circuit, read side by side, in order; where it cannot be read, why."""
    try:
        return StageServed(stage, tuple(read_each(units, lambda unit: _served(platform, unit)).values()))
    except SignalboxError as error:
        return StageServed(stage, fault=str(error))


def _served(platform: Platform, unit: Unit) -> Served:
    found = deployment_serving(platform, unit)
    if found is None:
        return Served(str(unit))
    model, version = model_of(found)
    tags = found.tags
    release, cutoff, deployed_at = (tags.get(name, "") for name in (RELEASE_ID, CUTOFF, "deployed_at"))
    return Served(str(unit), found.name, found.state, model, version, release, cutoff, deployed_at)


def standing_of(platform: Platform, unit: Unit) -> Standing:
    """What the circuit's endpoint serves, what served before, and whether that is still there."""
    endpoint = platform.endpoint(unit)
    current = deployment_serving(platform, unit)
    if current is None:
        return Standing(unit, endpoint, None, None, False)
    previous = current.tags.get(PREVIOUS)
    before = platform.find(endpoint, previous) if previous and previous != NO_PREVIOUS else None
    ready = before is not None and before.state == "Succeeded"
    return Standing(unit, endpoint, current.name, previous, ready, current.tags.get(RELEASE_ID))


def standings_of(platform: Platform, units: Sequence[Unit]) -> list[Standing]:
    """Of every circuit, read side by side, in order."""
    return list(read_each(units, lambda unit: standing_of(platform, unit)).values())


def unready(platform: Platform, deployments: Mapping[str, str | None]) -> dict[str, str]:
    """Endpoint → why its deployment could not serve, where it could not. None: nothing is to serve, which always can be."""
    wanted = [(endpoint, name) for endpoint, name in deployments.items() if name is not None]
    found = read_each(wanted, lambda one: platform.find(*one))
    states = {one: deployment.state if deployment else "gone" for one, deployment in found.items()}
    return {endpoint: f"{name} is {state}" for (endpoint, name), state in states.items() if state != "Succeeded"}


@dataclass(frozen=True)
class Inventory:
    """An endpoint's default and its deployments. default: None where nothing serves."""

    default: str | None
    deployments: tuple[Deployment, ...]


def inventories(platform: Platform, endpoints: Iterable[str]) -> tuple[dict[str, Inventory], dict[str, str]]:
    """What each endpoint has, read side by side; and of those that could not be read, why."""

    def read(endpoint: str) -> Inventory | str:
        try:
            return Inventory(platform.serving(endpoint), platform.deployments(endpoint))
        except SignalboxError as error:
            return str(error)

    found = read_each(sorted(set(endpoints)), read)
    there = {name: one for name, one in found.items() if isinstance(one, Inventory)}
    return there, {name: one for name, one in found.items() if isinstance(one, str)}

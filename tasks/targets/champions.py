"""What a release would replace, and whether one could roll back to it."""

from collections.abc import Sequence

from blocks.model_registry import ModelRegistry
from domain.candidate.changed_circuits import ChangedCircuit
from domain.rollout.champion import Champion, written_day
from domain.rollout.retention import made_by_release
from domain.tags import CUTOFF, RELEASE_ID
from domain.unit import Unit
from tasks.azure_ml.models import models_of
from tasks.targets.platform import Deployment, Platform, model_of
from tasks.targets.read_each import read_each
from tasks.targets.serving import deployment_serving


def champions_of(
    platform: Platform, units: Sequence[Unit], registry: ModelRegistry | None = None
) -> dict[Unit, Champion]:
    """Of every circuit that something serves, read side by side. registry: where models should be, to see whether they still are."""
    missing_of = platform.missing_dependencies(registry) if registry is not None else _nothing_asked

    def read(unit: Unit) -> Champion | None:
        found = deployment_serving(platform, unit)
        if found is None:
            return _nothing(platform, unit)
        model, version = model_of(found)
        return Champion(
            f"version {version} ({found.name})",
            version,
            model,
            found.tags.get(RELEASE_ID, ""),
            written_day(found.tags.get(CUTOFF)),
            missing_of(found) if found.state == "Succeeded" else f"{found.name} is {found.state}",
        )

    return {unit: one for unit, one in read_each(units, read).items() if one is not None}


def newest_in_registry(registry: ModelRegistry, candidates: Sequence[ChangedCircuit]) -> dict[Unit, Champion]:
    """The newest version of every circuit's model beside the candidate itself, read side by side."""

    def read(candidate: ChangedCircuit) -> Champion | None:
        others = [
            model for model in models_of(registry, candidate.model_name) if model.version != candidate.model_version
        ]
        if not others:
            return None
        newest = others[-1]
        return Champion(f"version {newest.version}", newest.version, cutoff=written_day(newest.tags.get(CUTOFF)))

    of = {candidate.unit: candidate for candidate in candidates}
    return {unit: one for unit, one in read_each(of, lambda unit: read(of[unit])).items() if one is not None}


def _nothing_asked(_: Deployment) -> str:
    return ""


def _nothing(platform: Platform, unit: Unit) -> Champion | None:
    """Where nothing serves, a rollback takes the endpoint away: not with what somebody deployed there by hand."""
    by_hand = sorted(one.name for one in platform.deployments(platform.endpoint(unit)) if not made_by_release(one))
    if not by_hand:
        return None
    return Champion(
        "nothing",
        fault=f"nothing serves, and no release made {', '.join(by_hand)}: while that is there, the endpoint cannot be removed again",
    )

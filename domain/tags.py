"""Tags, as seed 002 lists them, and one that says whose a thing is: values are strings, never null."""

from collections.abc import Mapping
from datetime import date, datetime

from domain.unit import Unit
from domain.utc import utc_text

__all__ = [
    "CUTOFF",
    "NO_CHAMPION",
    "NO_PREVIOUS",
    "PREVIOUS",
    "RELEASE_ID",
    "WORKLOAD",
    "champion_in",
    "deployment_tags",
    "model_tags",
    "utc_text",
]

CUTOFF = "cutoff_date"
"""Last day of the data that a model was trained on."""
WORKLOAD = "workload"
"""Whose it is: what carries another's is never touched."""
RELEASE_ID = "release_id"
"""Of all that a release makes: what does not carry it is not ours."""
PREVIOUS = "previous_deployment"
"""Of a batch deployment: the default deployment before it, for rollback."""
NO_CHAMPION = "none"
"""Of a candidate: nothing served when it was trained."""
NO_PREVIOUS = "none"
"""Of an endpoint's first deployment."""


def champion_in(tags: Mapping[str, str]) -> str | None:
    """The version that a candidate was compared with; None for a first one."""
    version = tags.get("champion_version", NO_CHAMPION)
    return None if version == NO_CHAMPION else version


def model_tags(
    workload: str,
    unit: Unit,
    cutoff: date,
    promoted_from: str,
    promoted_at: datetime,
    release_id: str,
    build_id: str,
) -> dict[str, str]:
    """Of a model in the registry: the seed's, and whose it is."""
    return {
        WORKLOAD: workload,
        CUTOFF: cutoff.isoformat(),
        "plant_id": unit.plant,
        "circuit_id": unit.circuit,
        "promoted_from": promoted_from,
        "promoted_at": utc_text(promoted_at),
        RELEASE_ID: release_id,
        "build_id": build_id,
    }


def deployment_tags(workload: str, cutoff: date, release_id: str, deployed_at: datetime) -> dict[str, str]:
    """Of a batch deployment, but for `previous_deployment`: the seed's, and whose it is."""
    return {
        WORKLOAD: workload,
        CUTOFF: cutoff.isoformat(),
        RELEASE_ID: release_id,
        "deployed_at": utc_text(deployed_at),
    }

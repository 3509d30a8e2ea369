"""Tags, exactly as seed 002 lists them: values are strings, never null."""

from datetime import date, datetime

from domain.moment import utc_text
from domain.unit import Unit

__all__ = ["NO_PREVIOUS", "PREVIOUS", "RELEASE_ID", "WORKLOAD", "deployment_tags", "model_tags", "utc_text"]

WORKLOAD = "workload"
"""Whose it is: what carries another's is never touched."""
RELEASE_ID = "release_id"
"""Of all that a release makes: what does not carry it is not ours."""
PREVIOUS = "previous_deployment"
"""Of a batch deployment: the default deployment before it, for rollback."""
NO_PREVIOUS = "none"
"""Of an endpoint's first deployment."""


def model_tags(
    unit: Unit, cutoff: date, promoted_from: str, promoted_at: datetime, release_id: str, build_id: str
) -> dict[str, str]:
    """Of a model in the registry."""
    return {
        "cutoff_date": cutoff.isoformat(),
        "plant_id": unit.plant,
        "circuit_id": unit.circuit,
        "promoted_from": promoted_from,
        "promoted_at": utc_text(promoted_at),
        RELEASE_ID: release_id,
        "build_id": build_id,
    }


def deployment_tags(cutoff: date, release_id: str, deployed_at: datetime) -> dict[str, str]:
    """Of a batch deployment, but for `previous_deployment`."""
    return {"cutoff_date": cutoff.isoformat(), RELEASE_ID: release_id, "deployed_at": utc_text(deployed_at)}

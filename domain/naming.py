"""Every name in Azure is derived here. (Seed 002, batch endpoint naming convention.)

Rules: "Naming rules and restrictions for Azure resources" and "Manage resource quotas for Azure Machine Learning": batch
endpoints and deployments have 3 to 32 characters, a letter first, then letters, digits and hyphens (the seed's deployment
names also have a dot); assets have up to 255 characters: letters, digits, hyphens, underscores, dots.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from domain.unit import Unit

ENDPOINT = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
ASSET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}")
LONGEST_ENDPOINT = 32


@dataclass(frozen=True)
class Naming:
    """How an environment names endpoints: what stands before and after the seed's name."""

    prefix: str = ""
    suffix: str = ""

    def endpoint(self, unit: Unit) -> str:
        """`be-{plant}-{circuit}`, lower case."""
        return f"{self.prefix}be-{unit.plant}-{unit.circuit}{self.suffix}".lower()


def deployment_name(release: str) -> str:
    """`deployment-{build number}`; the release's name is the build number."""
    return f"deployment-{release}"


def model_name(unit: Unit) -> str:
    """`{plant}-{circuit}`, lower case."""
    return f"{unit.plant}-{unit.circuit}".lower()


def data_asset_name(unit: Unit) -> str:
    """`{PLANT}_{CIRCUIT}`; its version is the cutoff date."""
    return f"{unit.plant}_{unit.circuit}".upper()


def faults_of_names(units: Iterable[Unit], naming: Naming) -> tuple[str, ...]:
    """Every name that Azure would refuse, with the rule it breaks."""
    faults: list[str] = []
    seen: dict[str, Unit] = {}
    for unit in units:
        endpoint = naming.endpoint(unit)
        if not ENDPOINT.fullmatch(endpoint):
            faults.append(
                f"{unit}: endpoint name {endpoint!r} must begin with a letter and have letters, digits and single hyphens"
            )
        if not 3 <= len(endpoint) <= LONGEST_ENDPOINT:
            faults.append(
                f"{unit}: endpoint name {endpoint!r} has {len(endpoint)} characters; Azure takes 3 to {LONGEST_ENDPOINT}"
            )
        if endpoint in seen and seen[endpoint] != unit:
            faults.append(f"{unit} and {seen[endpoint]} would share the endpoint {endpoint!r}; rename one")
        seen.setdefault(endpoint, unit)
        faults += [
            f"{unit}: name {name!r} must have letters, digits, hyphens, underscores and dots only"
            for name in (model_name(unit), data_asset_name(unit))
            if not ASSET.fullmatch(name)
        ]
    return tuple(faults)

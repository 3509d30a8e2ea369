"""Every name in Azure is derived here. (Seed 002, batch endpoint naming convention.)

Rules of Azure, from its documentation (learn.microsoft.com):
- azure/machine-learning/how-to-manage-quotas: an endpoint's name begins with a letter, has 3 to 32 characters:
  letters, digits and single hyphens. azure-ai-ml checks the same, and that no hyphen is last.
- azure/machine-learning/how-to-use-batch-model-deployments: the name of a batch endpoint is unique in its region,
  hence `Naming`.
- rest/api/azureml/registry-model-containers/create-or-update: models and data have 1 to 255 letters, digits, hyphens
  and underscores, a letter or digit first.
- azure/machine-learning/how-to-manage-quotas: a deployment's name, too, has letters, digits and single hyphens, 3 to 32 of
  them. The seed's names have a dot (`deployment-20251210.1`), which Azure refuses: decision 22.
- azure/azure-resource-manager/management/resource-name-rules: a container group's name has 1 to 63 lower-case letters,
  digits and single hyphens, none first or last.
- helm.sh/docs: a release's name has at most 53 characters; it names the Service, which begins with a letter (RFC 1035).
- kubernetes.io/docs/concepts/overview/working-with-objects/names: a Service's name has 1 to 63 lower-case letters, digits and
  hyphens, a letter first and no hyphen last; a label's value has at most 63 characters.
- azure/container-registry/container-registry-concepts: repositories have lower-case letters, digits and `._-/`.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from domain.unit import Unit

ENDPOINT = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
ASSET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}")
DEPLOYMENT = re.compile(r"deployment-(\d{8})[.-](\d+)")
SHORTEST_ENDPOINT, LONGEST_ENDPOINT = 3, 32
GROUP = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LONGEST_GROUP = 63
SERVICE = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
SERVICE_ALLOWED = "lower-case letters, digits and hyphens, a letter first, no hyphen at the end"
LONGEST_HELM_RELEASE = 53
LONGEST_SERVICE = 63


@dataclass(frozen=True)
class Naming:
    """How endpoints are named: what environment and workload put before and after the seed's name."""

    prefix: str = ""
    suffix: str = ""

    def endpoint(self, unit: Unit) -> str:
        """`be-{plant}-{circuit}`, lower case."""
        return f"{self.prefix}be-{unit.plant}-{unit.circuit}{self.suffix}".lower()

    def container_group(self, unit: Unit) -> str:
        """`ci-{plant}-{circuit}`, lower case."""
        return f"{self.prefix}ci-{unit.plant}-{unit.circuit}{self.suffix}".lower()

    def helm_release(self, unit: Unit) -> str:
        """`hr-{plant}-{circuit}`, lower case."""
        return f"{self.prefix}hr-{unit.plant}-{unit.circuit}{self.suffix}".lower()

    def manifest(self, unit: Unit) -> str:
        """`app-{plant}-{circuit}`, lower case: of a Deployment and its Service."""
        return f"{self.prefix}app-{unit.plant}-{unit.circuit}{self.suffix}".lower()


def deployment_name(release: str) -> str:
    """`deployment-20251210-1` for release 20251210.1."""
    return f"deployment-{release.replace('.', '-')}"


def old_deployment_name(release: str) -> str:
    """`deployment-20251210.1`: how deployments were named before, and how those that are there still are."""
    return f"deployment-{release}"


def release_of(deployment: str) -> str:
    """The release that made a deployment of this name, new or old; as it stands where it is none of ours."""
    ours = DEPLOYMENT.fullmatch(deployment)
    return f"{ours[1]}.{ours[2]}" if ours else deployment.removeprefix("deployment-")


def model_name(unit: Unit, prefix: str) -> str:
    """`{plant}-{circuit}`, lower case. prefix: the workload's."""
    return f"{prefix}{unit.plant}-{unit.circuit}".lower()


def image_repository(workload: str, unit: Unit) -> str:
    """`{workload}/{plant}-{circuit}`, lower case."""
    return f"{workload}/{unit.plant}-{unit.circuit}".lower()


def data_asset_name(unit: Unit, prefix: str) -> str:
    """`{PLANT}_{CIRCUIT}`; its version is the cutoff date. prefix: the workload's."""
    return f"{prefix}{unit.plant}_{unit.circuit}".upper()


def artifact_key(*parts: str) -> str:
    """The key of an artifact in Prefect, which has lower-case letters, digits and hyphens (prefect.artifacts)."""
    return "-".join(parts).lower().replace("_", "-").replace(".", "-")


def faults_of_name(unit: Unit, naming: Naming) -> tuple[str, ...]:
    """Every name of one circuit that Azure would refuse, with the rule it breaks."""
    faults: list[str] = []
    endpoint = naming.endpoint(unit)
    if not ENDPOINT.fullmatch(endpoint):
        faults.append(
            f"{unit}: Azure would refuse the endpoint name {endpoint!r}: a letter first, then letters, digits and "
            "single hyphens, none at the end"
        )
    if not SHORTEST_ENDPOINT <= len(endpoint) <= LONGEST_ENDPOINT:
        faults.append(
            f"{unit}: Azure would refuse the endpoint name {endpoint!r}: it has {len(endpoint)} characters, and "
            f"{SHORTEST_ENDPOINT} to {LONGEST_ENDPOINT} are allowed; shorten the plant, the circuit or the suffix"
        )
    faults += [
        f"{unit}: Azure would refuse the name {name!r}: 1 to 255 letters, digits, hyphens and underscores"
        for name in (model_name(unit, ""), data_asset_name(unit, ""))  # a prefix breaks none of the rules
        if not ASSET.fullmatch(name)
    ]
    return tuple(faults)


def faults_of_names(units: Iterable[Unit], naming: Naming) -> tuple[str, ...]:
    """Every name that Azure would refuse, and every two circuits that would share one."""
    faults: list[str] = []
    seen: dict[str, Unit] = {}
    for unit in units:
        faults += faults_of_name(unit, naming)
        endpoint = naming.endpoint(unit)
        first = seen.setdefault(endpoint, unit)
        if first != unit:
            faults.append(f"{unit} and {first} would share the endpoint {endpoint!r} and the model; rename one")
    return tuple(faults)


def faults_of_groups(units: Iterable[Unit], naming: Naming) -> tuple[str, ...]:
    """Every name of a container group that Azure would refuse, and every two circuits that would share one."""
    allowed = f"1 to {LONGEST_GROUP} lower-case letters, digits and single hyphens, none at the start or end"
    return _faults(units, naming.container_group, GROUP, LONGEST_GROUP, "Azure", "container group", allowed)


def faults_of_helm_releases(units: Iterable[Unit], naming: Naming) -> tuple[str, ...]:
    """Every name of a Helm release that Helm or Kubernetes would refuse, and every two circuits that would share one."""
    allowed = f"1 to {LONGEST_HELM_RELEASE} {SERVICE_ALLOWED}"
    return _faults(units, naming.helm_release, SERVICE, LONGEST_HELM_RELEASE, "Helm", "Helm release", allowed)


def faults_of_manifests(units: Iterable[Unit], naming: Naming) -> tuple[str, ...]:
    """Every name of a Deployment and its Service that Kubernetes would refuse, and every two circuits that would share one."""
    allowed = f"1 to {LONGEST_SERVICE} {SERVICE_ALLOWED}"
    return _faults(units, naming.manifest, SERVICE, LONGEST_SERVICE, "Kubernetes", "Service", allowed)


def _faults(
    units: Iterable[Unit],
    named: Callable[[Unit], str],
    form: re.Pattern[str],
    longest: int,
    judge: str,
    what: str,
    allowed: str,
) -> tuple[str, ...]:
    """Names that `judge` would refuse, or that two circuits share. allowed: form and longest in words."""
    faults: list[str] = []
    seen: dict[str, Unit] = {}
    for unit in units:
        name = named(unit)
        if not form.fullmatch(name) or len(name) > longest:
            faults.append(f"{unit}: {judge} would refuse the {what} {name!r}: {allowed}")
        first = seen.setdefault(name, unit)
        if first != unit:
            faults.append(f"{unit} and {first} would share the {what} {name!r}; rename one")
    return tuple(faults)

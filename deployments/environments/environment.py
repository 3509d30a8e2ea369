"""An environment: the variable groups of seed 002 as one typed file."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from domain.errors import InvalidDeclaration
from domain.parsing.field_errors import worded
from domain.parsing.yaml_document import read_declaration

FOLDER = Path(__file__).parent
VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)(?::-([^}]*))?\}")
"""`${NAME}`, or `${NAME:-what it is where it is not set}`, as in a shell."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CredentialPart(_Part):
    """See blocks.azure_credential."""

    kind: Literal["managed_identity", "client_secret", "azure_cli"]
    tenant_id: str | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None


class WorkspacePart(_Part):
    """See blocks.workspace."""

    subscription_id: str
    resource_group: str
    workspace_name: str
    location: str
    endpoint_prefix: str = ""
    endpoint_suffix: str = ""
    poll_seconds: float = Field(default=30.0, gt=0, le=600)


class RegistryPart(_Part):
    """See blocks.model_registry."""

    registry_name: str


class ContainerRegistryPart(_Part):
    """See blocks.container_registry."""

    subscription_id: str
    resource_group: str
    registry_name: str


class ContainerInstancesPart(_Part):
    """See blocks.container_instances."""

    subscription_id: str
    resource_group: str
    location: str
    pull_identity: str | None = None
    prefix: str = ""
    suffix: str = ""


class KubernetesClusterPart(_Part):
    """See blocks.kubernetes_cluster."""

    subscription_id: str
    resource_group: str
    cluster_name: str
    location: str
    namespace: str = "default"
    image_registry: str = ""
    prefix: str = ""
    suffix: str = ""


class LedgerPart(_Part):
    """See blocks.ledger."""

    account_url: str
    container: str = "ledger"


def _names(value: object) -> object:
    return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value


class ApproversPart(_Part):
    """See blocks.approvers."""

    members: Annotated[list[str], BeforeValidator(_names), Field(min_length=1)]
    notify: Annotated[list[str], BeforeValidator(_names)] = Field(default_factory=list)
    poll_seconds: float = Field(default=1.0, gt=0, le=60)


class Environment(_Part):
    """What `python -m deployments.bootstrap NAME` registers."""

    name: str
    work_pool: str
    credential: CredentialPart
    workspaces: dict[str, WorkspacePart] = Field(min_length=1)
    registries: dict[str, RegistryPart] = Field(min_length=1)
    container_registries: dict[str, ContainerRegistryPart] = Field(default_factory=dict)
    container_instances: dict[str, ContainerInstancesPart] = Field(default_factory=dict)
    kubernetes_clusters: dict[str, KubernetesClusterPart] = Field(default_factory=dict)
    approvers: dict[str, ApproversPart] = Field(min_length=1)
    ledger: LedgerPart
    demo_approver: str | None = None


def known_environments() -> tuple[str, ...]:
    """Names that `load_environment` takes."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.yaml")))


def load_environment(name: str, variables: Mapping[str, str] | None = None) -> Environment:
    """Read `environments/{name}.yaml`; InvalidDeclaration names every fault and every variable that is not set.

    variables: what `${NAME}` stands for; the process environment when left out.
    """
    file = FOLDER / f"{name}.yaml"
    if name not in known_environments():
        raise InvalidDeclaration(
            (f"there is no environment {name!r}; the environments are {', '.join(known_environments())}",)
        )
    missing: set[str] = set()
    document = read_declaration(file)
    if document.faults:
        raise InvalidDeclaration(document.faults)
    values = _filled(document.values, os.environ if variables is None else variables, missing)
    if missing:
        raise InvalidDeclaration(
            tuple(f"{file.name}: environment variable {variable} is not set" for variable in sorted(missing))
        )
    try:
        return Environment.model_validate(values)
    except ValidationError as error:
        faults = tuple(document.fault(at, what) for at, what in worded(error, Environment))
        raise InvalidDeclaration(faults) from None  # pydantic's own text would show the secret's value


def _filled(value: Any, variables: Mapping[str, str], missing: set[str]) -> Any:
    match value:
        case str():
            missing |= {one[1] for one in VARIABLE.finditer(value) if not variables.get(one[1]) and one[2] is None}
            return VARIABLE.sub(lambda match: variables.get(match[1]) or match[2] or "", value)
        case dict():
            return {key: _filled(item, variables, missing) for key, item in value.items()}
        case list():
            return [_filled(item, variables, missing) for item in value]
        case _:
            return value

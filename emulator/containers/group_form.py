"""A container group as it is asked for: every field that means something here, bounded.

Names are Azure's (api-version 2023-05-01), in snake case; what is not named here is ignored.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Text = Annotated[str, Field(max_length=32_768, pattern=r"^[^\x00]*$")]
PortNumber = Annotated[int, Field(ge=1, le=65_535)]
Seconds = Annotated[int, Field(ge=0, le=86_400)]
Times = Annotated[int, Field(ge=1, le=1_000)]
RestartPolicy = Literal["Always", "OnFailure", "Never"]

MOST_CONTAINERS = 60
MOST_CPU, MOST_MEMORY_GB = 4.0, 16.0
"""Of one container, as Azure's standard offer has it in most regions."""


class Form(BaseModel):
    """Part of a request's body."""

    model_config = ConfigDict(alias_generator=to_camel, frozen=True, allow_inf_nan=False)


class Port(Form):
    """A port and its protocol."""

    port: PortNumber
    protocol: Literal["TCP", "UDP"] = "TCP"


class Variable(Form):
    """An environment variable; a secure value is never given back."""

    name: Annotated[str, Field(max_length=256, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
    value: Text | None = None
    secure_value: Text | None = None


class HttpGet(Form):
    """What a probe asks for."""

    port: PortNumber
    path: Annotated[str, Field(max_length=2_048, pattern=r"^/[!-~]*$")] = "/"
    scheme: Literal["http", "https", "HTTP", "HTTPS"] = "http"


class Exec(Form):
    """What a probe runs."""

    command: Annotated[list[Text], Field(min_length=1, max_length=100)]


class Probe(Form):
    """A probe, with the numbers that Kubernetes has where none are given."""

    http_get: HttpGet | None = None
    exec: Exec | None = None
    initial_delay_seconds: Seconds = 0
    period_seconds: Annotated[int, Field(ge=1, le=86_400)] = 10
    failure_threshold: Times = 3
    success_threshold: Times = 1
    timeout_seconds: Annotated[int, Field(ge=1, le=60)] = 1


class Amounts(Form):
    """Cores and gigabytes."""

    cpu: Annotated[float, Field(gt=0, le=MOST_CPU)]
    memory_in_gb: Annotated[float, Field(gt=0, le=MOST_MEMORY_GB, alias="memoryInGB")]


class Resources(Form):
    """What a container asks for."""

    requests: Amounts


class ContainerProperties(Form):
    """One container's own."""

    image: Annotated[str, Field(min_length=1, max_length=512, pattern=r"^[!-~]+$")]
    command: Annotated[list[Text], Field(max_length=1_000)] = []
    ports: Annotated[list[Port], Field(max_length=100)] = []
    environment_variables: Annotated[list[Variable], Field(max_length=1_000)] = []
    resources: Resources
    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None

    @property
    def variables(self) -> dict[str, str]:
        """Environment variables with their values, secret ones, too."""
        return {
            one.name: one.value if one.value is not None else one.secure_value or ""
            for one in self.environment_variables
        }


class Container(Form):
    """A container by its name."""

    name: str
    properties: ContainerProperties


class IpAddress(Form):
    """The public address that is asked for."""

    type: Literal["Public", "Private"]
    ports: Annotated[list[Port], Field(min_length=1, max_length=100)]
    dns_name_label: str | None = None


class Credential(Form):
    """For one image registry."""

    server: Annotated[str, Field(min_length=1, max_length=256)]
    username: Annotated[str, Field(max_length=256)] | None = None
    password: Annotated[str, Field(max_length=4_096)] | None = None
    identity: Annotated[str, Field(max_length=1_024)] | None = None


class GroupForm(Form):
    """The properties of a container group."""

    containers: Annotated[list[Container], Field(min_length=1, max_length=MOST_CONTAINERS)]
    os_type: Literal["Linux", "Windows"]
    restart_policy: RestartPolicy = "Always"
    ip_address: IpAddress | None = None
    image_registry_credentials: Annotated[list[Credential], Field(max_length=100)] = []

"""What a stage switches, by ids that are in use once in the world: names of blocks and environments can be pointed elsewhere."""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, Field

from domain.canonical_json import canonical_json, digest_of
from domain.identifiers import Sha256


class Place(BaseModel):
    """id: of the workspace, registry, resource group or cluster, in lower case, as Azure compares it. namespace: in a cluster.

    endpoints: digest of the names of everything that the stage switches there; None where it switches nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1, max_length=1000)
    namespace: str = ""
    endpoints: Sha256 | None = None

    @classmethod
    def of(cls, id: str, namespace: str = "", endpoints: Iterable[str] = ()) -> "Place":
        """endpoints: names of what is switched, one a circuit."""
        names = sorted({name.lower() for name in endpoints})
        digest = digest_of(canonical_json({"endpoints": names})) if names else None
        return cls(id=id.lower(), namespace=namespace, endpoints=digest)

    def holds(self, other: "Place") -> bool:
        """Whether the other is in the same workspace, group or namespace, whatever is switched there."""
        return (self.id, self.namespace) == (other.id, other.namespace)

    def __str__(self) -> str:
        return f"{self.id}{self.namespace and f', namespace {self.namespace}'}"

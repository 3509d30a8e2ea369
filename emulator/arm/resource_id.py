"""Azure's resource ids: `/subscriptions/…/resourceGroups/…/providers/{namespace}/{type}/{name}/…`."""

from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class ResourceId:
    """One resource, or a collection of them when the id ends with a type and no name.

    scope: everything before `/providers/`, as given. pairs: (type segment, name) from the namespace on.
    """

    scope: str
    namespace: str
    pairs: tuple[tuple[str, str], ...]
    collection: str | None = None

    @classmethod
    def parse(cls, path: str) -> "ResourceId":
        """Read a path; ValueError when it names no resource. Subscriptions and resource groups are resources, too."""
        parts = [part for part in path.split("/") if part]
        lowered = [part.lower() for part in parts]
        if "providers" in lowered:
            at = len(lowered) - 1 - lowered[::-1].index("providers")
            scope, namespace, rest = "/" + "/".join(parts[:at]) if at else "", parts[at + 1], parts[at + 2 :]
        else:
            scope, namespace, rest = "", "Microsoft.Resources", parts
        if not rest:
            raise ValueError(f"{path} names no resource")
        names = tuple(zip(rest[::2], rest[1::2], strict=False))
        return cls(scope, namespace, names, rest[-1] if len(rest) % 2 else None)

    @cached_property
    def type(self) -> str:
        """`Microsoft.MachineLearningServices/workspaces/jobs`; of the members when this is a collection."""
        segments = [segment for segment, _ in self.pairs] + ([self.collection] if self.collection else [])
        return "/".join([self.namespace, *segments])

    @cached_property
    def path(self) -> str:
        """The id as it was given."""
        bare = self.namespace == "Microsoft.Resources" and not self.scope
        head = "" if bare else f"{self.scope}/providers/{self.namespace}"
        body = "".join(f"/{segment}/{name}" for segment, name in self.pairs)
        return f"{head}{body}" + (f"/{self.collection}" if self.collection else "")

    @property
    def key(self) -> str:
        """The id as the store compares it: Azure ids do not depend on case."""
        return self.path.lower()

    @property
    def name(self) -> str:
        """The resource's own name."""
        return self.pairs[-1][1]

    @property
    def names(self) -> tuple[str, ...]:
        """The names along the way, outermost first."""
        return tuple(name for _, name in self.pairs)

    @property
    def parent(self) -> "ResourceId | None":
        """The resource around this one; None for the outermost."""
        if self.collection:
            return ResourceId(self.scope, self.namespace, self.pairs) if self.pairs else None
        return ResourceId(self.scope, self.namespace, self.pairs[:-1]) if len(self.pairs) > 1 else None

    def child(self, segment: str, name: str) -> "ResourceId":
        """A resource inside this one."""
        return ResourceId(self.scope, self.namespace, (*self.pairs, (segment, name)))

    def ancestor(self, segments: int) -> "ResourceId":
        """The resource made of the first pairs."""
        return ResourceId(self.scope, self.namespace, self.pairs[:segments])

"""What a request to a container registry asks for, and the challenge to whoever may not have it.

Sources: the distribution specification's token authentication; recordings of the SDK's tests.
"""

from dataclasses import dataclass

from emulator.arm.call import Call
from emulator.dataplane.container_registry_errors import RegistryError

VERBS = {"GET": "metadata_read", "HEAD": "metadata_read", "PATCH": "metadata_write", "DELETE": "delete"}
READING = frozenset({"pull", "metadata_read", "*"})


@dataclass(frozen=True)
class Access:
    """type: registry or repository. actions: `*` is to read the catalog."""

    type: str
    name: str
    actions: tuple[str, ...]

    @property
    def scope(self) -> str:
        """As a challenge names it."""
        return f"{self.type}:{self.name}:{','.join(self.actions)}"

    @property
    def reads(self) -> bool:
        """Whether nothing is changed."""
        return READING.issuperset(self.actions)


def access_of(call: Call) -> Access | None:
    """What the request needs; None where any caller who is known will do."""
    if call.path.endswith("/_catalog"):
        return Access("registry", "catalog", ("*",))
    kind, _, rest = call.path.lstrip("/").partition("/")
    if not rest:
        return None
    if kind == "acr":
        return Access("repository", rest.partition("/")[2].partition("/_")[0], (VERBS.get(call.method, "pull"),))
    name = rest.partition("/manifests/")[0].partition("/blobs/")[0].removesuffix("/tags/list")
    match call.method:
        case "GET" | "HEAD":
            return Access("repository", name, ("pull",))
        case "DELETE":
            return Access("repository", name, ("delete",))
    return Access("repository", name, ("pull", "push"))


def challenge(call: Call, why: str = "") -> RegistryError:
    """401, with where to sign in. why: an error of the bearer token specification (RFC 6750), where a token came."""
    access = access_of(call)
    place = f'realm="https://{call.host}/oauth2/token",service="{call.host}"'
    scope = f',scope="{access.scope}"' if access else ""
    error = f',error="{why}"' if why else ""
    text = "authentication required, visit https://aka.ms/acr/authorization for more information."
    detail = [{"Type": access.type, "Name": access.name, "Action": one} for one in access.actions] if access else None
    return RegistryError(401, "UNAUTHORIZED", text, {"WWW-Authenticate": f"Bearer {place}{scope}{error}"}, detail)

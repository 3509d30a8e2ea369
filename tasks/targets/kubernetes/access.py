"""The way into a cluster: the kubeconfig that Azure gives its users, in a private file for as long as it is used."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from blocks.kubernetes_cluster import KubernetesCluster
from domain.errors import SignalboxError, Terminal, Transient
from tasks.azure_errors import azure_errors
from tasks.targets.kubernetes.private_folders import private_folder

PASSING = re.compile(
    r"unable to connect|connection (refused|reset|lost)|no route to host|network is unreachable|unreachable|timed? ?out|timeout"
    r"|deadline exceeded|unexpected EOF|: EOF|no such host|too many requests|the server is currently unable"
    r"|etcdserver|try again|the object has been modified",
    re.IGNORECASE,
)
"""What time may mend, in the words of Kubernetes' clients."""
HELD = re.compile(r"conflicts?: conflicts? with (.*?)(?=\nPlease review|\Z)", re.IGNORECASE | re.DOTALL)
"""Fields that somebody else set, which a server-side apply leaves to them."""
INVALID = re.compile(r"is invalid: |BadRequest|error validating")
"""Whatever its fields are called, such as `timeoutSeconds`."""
REFUSED = re.compile(r"forbidden|unauthorized|must be logged in", re.IGNORECASE)


class ChangedByHandError(Terminal):
    """Somebody else changed what was deployed, and going on would undo their work."""


@dataclass(frozen=True)
class ClusterAccess:
    """kubeconfig: a private file; nobody logs it. place: cluster and namespace, in words."""

    kubeconfig: Path
    namespace: str
    place: str


@contextmanager
def access(block: KubernetesCluster) -> Iterator[ClusterAccess]:
    """Inside, the file is there; after it, it is not, and neither are those of runs that were killed."""
    content = _credentials(block)
    with private_folder() as folder:
        file = folder / "kubeconfig"
        file.touch(mode=0o600)
        file.write_bytes(content)
        yield ClusterAccess(file, block.namespace, f"{block.cluster_name}/{block.namespace}")


def _credentials(block: KubernetesCluster) -> bytes:
    with azure_errors(f"asking for the credentials of cluster {block.cluster_name}"):
        found = block.get_client().managed_clusters.list_cluster_user_credentials(
            block.resource_group, block.cluster_name
        )
    content = next((one.value for one in found.kubeconfigs or () if one.value), None)
    if content is None:
        raise Terminal(
            f"Azure gave no credentials of cluster {block.cluster_name}; does it have local accounts, and this credential the role "
            "'Azure Kubernetes Service Cluster User Role'?"
        )
    return bytes(content)


def cluster_error(action: str, access: ClusterAccess, told: str) -> SignalboxError:
    """What a client of the cluster said, as one of the house's two kinds. action: "reading pods", what was being done."""
    said = _in_short(told, access)
    if found := HELD.search(told):
        theirs = " ".join(found[1].split())
        return ChangedByHandError(f"{access.place} refused {action}: fields now belong to somebody else: {theirs}")
    if REFUSED.search(told):
        return Terminal(
            f"{access.place} refused {action}: {said}. Ask its administrators for a role there that allows it."
        )
    if PASSING.search(told) and not INVALID.search(told):
        return Transient(f"{access.place} could not be reached while {action}: {said}. Is the cluster running?")
    return Terminal(f"{access.place} refused {action}: {said}")


def _in_short(told: str, access: ClusterAccess) -> str:
    """The last thing it said, without where the file was."""
    lines = [line.strip() for line in told.replace(str(access.kubeconfig), "the kubeconfig").splitlines()]
    return next((line for line in reversed(lines) if line), "it said nothing").rstrip(".")

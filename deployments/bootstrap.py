"""Register an environment's blocks and work pool with the Prefect server; run it as often as you like.

`python -m deployments.bootstrap laptop`
"""

import sys

from prefect.blocks.core import Block

from blocks.approvers import Approvers
from blocks.azure_credential import AzureCredential
from blocks.container_instances import ContainerInstances
from blocks.container_registry import ContainerRegistry
from blocks.kubernetes_cluster import KubernetesCluster
from blocks.ledger import Ledger
from blocks.loading import loaded
from blocks.model_registry import ModelRegistry
from blocks.workspace import Workspace
from deployments.environments.environment import Environment, known_environments, load_environment
from deployments.work_pool import create_work_pool
from domain.approval.proofs.enrolment import Enrolment
from domain.errors import SignalboxError, Terminal

KINDS = (
    AzureCredential,
    Workspace,
    ModelRegistry,
    ContainerRegistry,
    ContainerInstances,
    KubernetesCluster,
    Approvers,
    Ledger,
)


def register_blocks(environment: Environment) -> tuple[str, ...]:
    """Save every block under the name workload.yaml uses; returns what was registered, as `type/name`."""
    registered: dict[str, type[Block]] = {}

    def save(name: str, block: Block, kind: str) -> None:
        block.save(name, overwrite=True)
        registered[f"{kind}/{name}"] = type(block)

    credential = AzureCredential(**environment.credential.model_dump())
    save("azure", credential, "credential")
    for name, workspace in environment.workspaces.items():
        save(name, Workspace(**workspace.model_dump(), credential=credential), "workspace")
    for name, registry in environment.registries.items():
        save(name, ModelRegistry(**registry.model_dump(), credential=credential), "registry")
    for name, images in environment.container_registries.items():
        save(name, ContainerRegistry(**images.model_dump(), credential=credential), "container registry")
    for name, instances in environment.container_instances.items():
        save(name, ContainerInstances(**instances.model_dump(), credential=credential), "container instances")
    for name, cluster in environment.kubernetes_clusters.items():
        settings = cluster.model_dump(exclude={"location"})
        save(name, KubernetesCluster(**settings, credential=credential), "kubernetes cluster")
    for name, group in environment.approvers.items():
        kept = [one for one in _enrolments(name) if one.name in group.members]
        save(name, Approvers(**group.model_dump(), enrolments=kept), "approvers")
    save("ledger", Ledger(**environment.ledger.model_dump(), credential=credential), "ledger")
    for kind in KINDS:
        if kind not in registered.values():  # so that people can make one in the UI
            kind.register_type_and_schema()
    return tuple(registered)


def _enrolments(group: str) -> list[Enrolment]:
    """Who enrolled before stays enrolled."""
    try:
        return loaded(Approvers, group).enrolments
    except Terminal:
        return []


def bootstrap(name: str) -> tuple[str, ...]:
    """Everything the flows need of the server for one environment."""
    environment = load_environment(name)
    create_work_pool(environment.work_pool)
    return register_blocks(environment)


def main(arguments: list[str]) -> int:
    """The command; 0 when all is registered, 2 for a wrong call or an environment that is not complete."""
    if len(arguments) != 1 or arguments[0] in {"-h", "--help"}:
        sys.stderr.write(f"{__doc__}\nenvironments: {', '.join(known_environments())}\n")
        return 0 if arguments[:1] in (["-h"], ["--help"]) else 2
    try:
        for block in bootstrap(arguments[0]):
            sys.stdout.write(f"registered {block}\n")
    except SignalboxError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

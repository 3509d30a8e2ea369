"""Whether a rollback is possible after the switch is said before anybody approves it."""

from typing import Any

import pytest
from azure.core import PipelineClient
from azure.core.pipeline.policies import BearerTokenCredentialPolicy
from azure.core.rest import HttpRequest
from tiny import APPROVE, Tiny, answering, endpoints_in

from deployments.environments.environment import load_environment
from deployments.laptop.resources import API_VERSION, ARM, PROVIDER
from domain.declaration.stage import Stage
from domain.naming import deployment_name
from flows.approval.evidence import gather
from flows.release import release
from tasks.ledger.facts import read_facts, release_names
from tasks.targets.batch_endpoint.deployments import find_deployment
from tasks.workloads import declared_workload

pytestmark = pytest.mark.usefixtures("site")


def delete(site, path: str) -> None:
    """Somebody tidies up by hand."""
    credential = site.production.credential.get_client()
    client: PipelineClient[Any, Any] = PipelineClient(
        ARM, policies=[BearerTokenCredentialPolicy(credential, f"{ARM}/.default")]
    )
    with client:
        address = client.format_url(f"{path}?api-version={API_VERSION}")
        client.send_request(HttpRequest("DELETE", address)).raise_for_status()


def no_rollback(site, tiny: Tiny) -> dict[str, str]:
    """Of the newest release at production."""
    from domain.release.manifest import requested_release

    workload = declared_workload(tiny.name)
    stage: Stage = workload.stage("production")
    name = release_names(site.ledger, tiny.name)[0]
    requested = requested_release(read_facts(site.ledger, tiny.name, name))
    champions = gather(site.ledger, workload, requested, stage).champions
    return {name: one.fault for name, one in champions.items() if one.fault}


def test_what_is_missing_for_a_rollback_is_found_and_shown_at_the_gate(site, tiny: Tiny) -> None:
    tiny.serve()
    assert no_rollback(site, tiny) == {}

    first_home = next(iter(load_environment("laptop").workspaces.values()))  # its group holds the registry, too
    group = f"/subscriptions/{first_home.subscription_id}/resourceGroups/{first_home.resource_group}"
    home = f"{group}/{PROVIDER}/registries/{site.registry.registry_name}"
    name = f"{tiny.plant}-a1".lower()
    delete(site, f"{home}/models/{name}/versions/1")
    assert no_rollback(site, tiny) == {f"{tiny.plant}/A1": f"its model {name}:1 is gone"}

    endpoint = endpoints_in(site.production).endpoint(tiny.units()[1])
    serving = find_deployment(site.production, endpoint, deployment_name(release_names(site.ledger, tiny.name)[0]))
    assert serving is not None
    delete(site, serving.environment)
    faults = no_rollback(site, tiny)
    assert faults.keys() == {f"{tiny.plant}/A1", f"{tiny.plant}/B2"}
    assert "its environment" in faults[f"{tiny.plant}/B2"]

    approver, seen = answering(APPROVE, {**APPROVE, "decision": "reject", "comment": "no rollback"})
    with approver:
        release(tiny.name, tiny.candidates().build_id, "linus", return_state=True)
    assert "No rollback" not in seen[0].evidence  # the registry's gate: nothing is switched there
    assert "No rollback for 2 of 2 circuits" in seen[1].evidence
    assert f"its model {name}:1 is gone" in seen[1].evidence

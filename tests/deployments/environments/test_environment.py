"""Environments: what `${NAME}` and `${NAME:-default}` stand for."""

import pytest

from deployments.environments.environment import load_environment
from domain.errors import InvalidDeclaration

SIGN_IN = {"AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": "c", "AZURE_CLIENT_SECRET": "hush"}


@pytest.mark.parametrize(
    ("given", "registry"),
    [({}, "127.0.0.1:5000"), ({"REGISTRY": ""}, "127.0.0.1:5000"), ({"REGISTRY": "[::1]:9"}, "[::1]:9")],
)
def test_a_variable_with_a_default_need_not_be_set(given: dict[str, str], registry: str) -> None:
    cluster = load_environment("laptop", SIGN_IN | given).kubernetes_clusters["production"]
    assert cluster.image_registry == registry


def test_every_other_variable_has_to_be_set_and_its_value_is_not_shown() -> None:
    with pytest.raises(InvalidDeclaration, match="AZURE_CLIENT_ID is not set") as refused:
        load_environment("laptop", {"AZURE_CLIENT_SECRET": "hush", "AZURE_TENANT_ID": ""})
    assert len(refused.value.faults) == 2
    assert "hush" not in str(refused.value)

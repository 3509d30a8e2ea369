"""Environments: what `${NAME}` and `${NAME:-default}` stand for, and how a file is refused."""

from pathlib import Path

import pytest

from deployments.environments import environment
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


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"name: [", r"own.yaml:1: "),
        (b"name: own\n\twork_pool: x\n", r"own.yaml:\d: "),
        (b"name: !!python/object:os.system own\n", r"own.yaml:1: "),
        (b"a: &a [*a]\n", r"own.yaml:1: the alias \*a is not allowed"),
        (b"name: own\n---\nname: other\n", r"own.yaml:\d: "),
        (b"name: \xff\n", r"own.yaml:1: not UTF-8 text"),
        (b"name: \x00\n", r"own.yaml:\d: "),
        (b"name: 2020-13-45\n", r"own.yaml:1: name: "),
        (b"- name\n", r"own.yaml:1: must be a mapping"),
        (b"", r"own.yaml:1: .*empty"),
        (b"name: own\nname: two\n", r"own.yaml:2: name: appears a second time"),
        (b"name: own\nwork_pol: x\n", r"own.yaml:2: work_pol: .*did you mean work_pool"),
        (b"name: own\ncredential:\n  kind: magic\n  client_secret: hush\n", r"own.yaml:3: credential.kind: "),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_lines_and_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: bytes, told: str
) -> None:
    (tmp_path / "own.yaml").write_bytes(text)
    monkeypatch.setattr(environment, "FOLDER", tmp_path)
    with pytest.raises(InvalidDeclaration, match=told) as refused:
        load_environment("own", {})
    assert "hush" not in str(refused.value)

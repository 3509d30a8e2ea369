"""Azure Resource Manager in general: any provider's resources through the same few verbs."""

import uuid
from collections.abc import Callable

import pytest
import requests

Arm = Callable[..., requests.Response]


@pytest.fixture
def accounts() -> str:
    """A collection of a provider that the emulator knows nothing of."""
    return f"/subscriptions/s/resourceGroups/{uuid.uuid4().hex}/providers/Contoso.Widgets/accounts"


def test_any_resource_is_put_read_and_deleted(arm: Arm, accounts: str) -> None:
    made = arm("PUT", f"{accounts}/One", json={"location": "westeurope", "properties": {"size": 3}, "id": "/forged"})
    assert made.status_code == 201
    assert made.json() == arm("GET", f"{accounts}/One").json()
    document = made.json()
    assert (document["id"], document["name"]) == (f"{accounts}/One", "One")
    assert document["type"] == "Contoso.Widgets/accounts"
    assert document["properties"] == {"size": 3, "provisioningState": "Succeeded"}
    assert arm("PUT", f"{accounts}/One", json={}).status_code == 200
    assert arm("DELETE", f"{accounts}/One").status_code == 200
    assert arm("GET", f"{accounts}/One").status_code == 404
    assert arm("DELETE", f"{accounts}/One").status_code == 204


def test_ids_do_not_depend_on_case(arm: Arm, accounts: str) -> None:
    arm("PUT", f"{accounts}/One", json={})
    other = f"{accounts}/one".replace("resourceGroups", "resourcegroups").replace("Contoso.Widgets", "contoso.widgets")
    assert arm("GET", other).json()["id"] == f"{accounts}/One"
    assert [one["name"] for one in arm("GET", accounts.replace("accounts", "ACCOUNTS")).json()["value"]] == ["One"]


def test_a_collection_lists_its_own_members_oldest_first(arm: Arm, accounts: str) -> None:
    for path in ("b", "a", "b/parts/x", "c"):
        assert arm("PUT", f"{accounts}/{path}", json={}).status_code == 201
    arm("PUT", f"{accounts}/b", json={"tags": {"again": "yes"}})
    assert [one["name"] for one in arm("GET", accounts).json()["value"]] == ["b", "a", "c"]
    assert [one["name"] for one in arm("GET", f"{accounts}/b/parts").json()["value"]] == ["x"]
    assert arm("GET", f"{accounts}/a/parts").json()["value"] == []


def test_deleting_a_resource_deletes_what_is_inside_and_nothing_else(arm: Arm, accounts: str) -> None:
    for path in ("a", "a/parts/x", "ab"):
        arm("PUT", f"{accounts}/{path}", json={})
    arm("DELETE", f"{accounts}/a")
    assert arm("GET", f"{accounts}/a/parts/x").status_code == 404
    assert [one["name"] for one in arm("GET", accounts).json()["value"]] == ["ab"]
    assert arm("GET", f"{accounts}/a/parts").json()["value"] == []


def test_a_patch_merges_and_removes_what_is_null(arm: Arm, accounts: str) -> None:
    arm("PUT", f"{accounts}/a", json={"tags": {"x": "1", "y": "2"}, "properties": {"deep": {"a": 1, "b": [1, 2]}}})
    changed = arm("PATCH", f"{accounts}/a", json={"tags": {"x": None, "z": "3"}, "properties": {"deep": {"b": [3]}}})
    assert changed.json()["tags"] == {"y": "2", "z": "3"}
    assert changed.json()["properties"]["deep"] == {"a": 1, "b": [3]}
    assert changed.json() == arm("GET", f"{accounts}/a").json()
    assert arm("PATCH", f"{accounts}/absent", json={}).status_code == 404


def test_head_says_whether_a_resource_is_there(arm: Arm, accounts: str) -> None:
    arm("PUT", f"{accounts}/a", json={})
    there, absent = arm("HEAD", f"{accounts}/a"), arm("HEAD", f"{accounts}/b")
    assert (there.status_code, there.content) == (204, b"")
    assert (absent.status_code, absent.content) == (404, b"")


@pytest.mark.parametrize(
    ("method", "body", "status", "code"),
    [
        ("PUT", b"{", 400, "BadRequest"),
        ("PUT", b"[1]", 400, "BadRequest"),
        ("PUT", b'"text"', 400, "BadRequest"),
        ("PUT", b"\xff\xfe", 400, "BadRequest"),
        ("OPTIONS", b"", 405, "MethodNotAllowed"),
    ],
)
def test_bad_requests_are_explained(arm: Arm, accounts: str, method: str, body: bytes, status: int, code: str) -> None:
    answer = arm(method, f"{accounts}/a", data=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert arm("GET", f"{accounts}/a").status_code == 404


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"properties": []}, "'properties' must be an object"),
        ({"properties": "text"}, "'properties' must be an object"),
        ({"tags": 3}, "'tags' must be an object"),
        ({"tags": {"rows": 3}}, "'tags.rows' must be a string"),
        ({"properties": {"tags": {"rows": [1]}}}, "'properties.tags.rows' must be a string"),
    ],
)
def test_a_body_of_the_wrong_shape_is_refused(arm: Arm, accounts: str, body: dict[str, object], says: str) -> None:
    arm("PUT", f"{accounts}/a", json={"properties": {"size": 1}})
    for method in ("PUT", "PATCH"):
        answer = arm(method, f"{accounts}/a", json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidRequestContent")
        assert says in answer.json()["error"]["message"]
    assert arm("GET", f"{accounts}/a").json()["properties"]["size"] == 1


def test_what_is_azures_own_cannot_be_said_by_a_client(arm: Arm, accounts: str) -> None:
    forged = {"id": "/x", "type": "X.Y/z", "systemData": {}, "properties": {"provisioningState": "Failed"}}
    document = arm("PUT", f"{accounts}/a", json=forged).json()
    assert (document["id"], document["type"]) == (f"{accounts}/a", "Contoso.Widgets/accounts")
    assert document["properties"] == {"provisioningState": "Succeeded"}
    assert arm("PUT", f"{accounts}/b", json={"properties": None}).status_code == 201


def test_a_request_without_api_version_is_refused(arm: Arm, accounts: str) -> None:
    answer = arm("GET", f"{accounts}/a", params={})
    assert answer.json()["error"]["code"] == "MissingApiVersionParameter"


def test_an_unknown_action_names_its_type(arm: Arm, accounts: str) -> None:
    answer = arm("POST", f"{accounts}/a/paint", json={})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "InvalidResourceType")
    assert "'Contoso.Widgets/accounts' has no action 'paint'" in answer.json()["error"]["message"]


def test_a_path_without_a_resource_is_refused(arm: Arm) -> None:
    assert arm("GET", "/").status_code == 400
    assert arm("PUT", "/subscriptions/s/resourceGroups", json={}).status_code == 400

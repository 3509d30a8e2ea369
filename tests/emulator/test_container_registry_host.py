"""A registry's own host, through azure-containerregistry: images by tag and digest, locks, deletion, who may ask."""

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from azure.containerregistry import ContainerRegistryClient
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.identity import ClientSecretCredential

from emulator.identity import access
from emulator.identity.access import issue_token
from emulator.images.image_store import ImageStore
from emulator.server import Emulator

Build = Callable[..., tuple[Any, str]]
Files = dict[str, str | bytes]


def files(label: str) -> Files:
    return {"Dockerfile": f"FROM scratch\nCOPY note.txt /\nLABEL is={label}\nEXPOSE 80", "note.txt": "a note"}


@pytest.fixture(scope="module")
def host(container_registry: str) -> str:
    return f"{container_registry}.azurecr.io"


@pytest.fixture(scope="module")
def client(host: str, credential: ClientSecretCredential) -> Iterator[ContainerRegistryClient]:
    with ContainerRegistryClient(f"https://{host}", credential) as made:
        yield made


@pytest.fixture(scope="module", autouse=True)
def digest(build: Build) -> str:
    """Of `team/app:1` and `team/app:latest`."""
    run, log = build(files("first"), "team/app:1", "team/app:latest")
    assert run.status == "Succeeded", log
    return str(run.output_images[0].digest)


def test_an_image_is_known_by_tag_and_digest(client: ContainerRegistryClient, digest: str) -> None:
    found = client.get_manifest_properties("team/app", "1")
    assert (found.digest, sorted(found.tags)) == (digest, ["1", "latest"])
    assert (found.operating_system, found.size_in_bytes) == ("linux", 6)
    assert client.get_manifest_properties("team/app", digest).created_on == found.created_on
    tag = client.get_tag_properties("team/app", "1")
    assert (tag.digest, tag.can_write, tag.can_delete) == (digest, True, True)
    assert "team/app" in list(client.list_repository_names())
    assert [one.name for one in client.list_tag_properties("team/app")] == ["1", "latest"]
    assert digest in [one.digest for one in client.list_manifest_properties("team/app")]
    repository = client.get_repository_properties("team/app")
    assert (repository.tag_count, repository.manifest_count) == (2, 1)


def test_manifest_and_config_are_read_as_oci(client: ContainerRegistryClient, digest: str) -> None:
    manifest = client.get_manifest("team/app", "latest")
    assert manifest.digest == digest
    config = manifest.manifest["config"]
    content = b"".join(client.download_blob("team/app", config["digest"]))
    assert len(content) == config["size"]
    assert json.loads(content)["config"]["Labels"] == {"is": "first"}
    with pytest.raises(ResourceNotFoundError):
        client.download_blob("team/app", manifest.manifest["layers"][0]["digest"])


def test_long_lists_come_in_pages(client: ContainerRegistryClient, build: Build) -> None:
    build(files("pages"), "pages:a", "pages:b", "pages:c")
    pages = client.list_tag_properties("pages", results_per_page=2).by_page()
    assert [[one.name for one in page] for page in pages] == [["a", "b"], ["c"]]


def test_a_locked_tag_is_neither_overwritten_nor_deleted(client: ContainerRegistryClient, build: Build) -> None:
    first = build(files("one"), "locked:1")[0].output_images[0].digest
    assert client.update_tag_properties("locked", "1", can_write=False).can_write is False
    run, log = build(files("two"), "free:1", "locked:1")
    assert run.status == "Failed"
    assert "disallowed on this registry, repository or image" in log
    assert "/locked:1 is locked" in run.run_error_message
    assert client.get_tag_properties("locked", "1").digest == first
    with pytest.raises(ResourceNotFoundError):
        client.get_tag_properties("free", "1")
    for delete in (client.delete_tag, client.delete_manifest):
        with pytest.raises(HttpResponseError, match="The operation is disallowed"):
            delete("locked", "1")
    with pytest.raises(HttpResponseError, match="The operation is disallowed"):
        client.delete_repository("locked")
    client.update_tag_properties("locked", "1", can_write=True)
    assert build(files("two"), "locked:1")[0].status == "Succeeded"
    assert client.get_tag_properties("locked", "1").digest != first


def test_a_locked_repository_takes_nothing_new(client: ContainerRegistryClient, build: Build) -> None:
    build(files("one"), "closed:1")
    client.update_repository_properties("closed", can_write=False)
    assert build(files("one"), "closed:2")[0].status == "Failed"


def test_a_locked_repository_protects_its_images(client: ContainerRegistryClient, build: Build) -> None:
    build(files("one"), "protected:1")
    client.update_repository_properties("protected", can_write=False)
    for delete in (client.delete_tag, client.delete_manifest):
        with pytest.raises(HttpResponseError, match="The operation is disallowed") as refused:
            delete("protected", "1")
        assert refused.value.response is not None
        [error] = refused.value.response.json()["errors"]
        assert (refused.value.status_code, error["code"]) == (405, "REGISTRY_DISALLOWED_OPERATION")
    client.update_repository_properties("protected", can_write=True, can_delete=False)
    with pytest.raises(HttpResponseError, match="The operation is disallowed"):
        client.delete_repository("protected")
    client.delete_tag("protected", "1")


@pytest.mark.parametrize("what", ["repository", "tag", "manifest"])
def test_what_may_not_be_read_is_not_pulled(
    client: ContainerRegistryClient, build: Build, emulator: Emulator, host: str, what: str
) -> None:
    name = f"secret-{what}"
    build(files(what), f"{name}:1")
    config = client.get_manifest(name, "1").manifest["config"]["digest"]
    match what:
        case "repository":
            client.update_repository_properties(name, can_read=False)
        case "tag":
            client.update_tag_properties(name, "1", can_read=False)
        case "manifest":
            client.update_manifest_properties(name, "1", can_read=False)
    with pytest.raises(HttpResponseError, match="Method Not Allowed"):
        client.get_manifest(name, "1")
    assert ImageStore(emulator.state / "images").find(f"{host}/{name}:1") is None
    if what != "tag":
        with pytest.raises(HttpResponseError, match="Method Not Allowed"):
            client.download_blob(name, config)
    assert client.get_manifest_properties(name, "1").tags == ["1"]


def test_what_is_not_to_be_listed_is_not(client: ContainerRegistryClient, build: Build) -> None:
    build(files("seen"), "hidden:1")
    build(files("unseen"), "hidden:2")
    client.update_tag_properties("hidden", "2", can_list=False)
    unseen = client.update_manifest_properties("hidden", "2", can_list=False).digest
    assert [one.name for one in client.list_tag_properties("hidden")] == ["1"]
    assert unseen not in [one.digest for one in client.list_manifest_properties("hidden")]
    client.update_repository_properties("hidden", can_list=False)
    assert "hidden" not in list(client.list_repository_names())


def test_tags_of_one_build_have_an_order(client: ContainerRegistryClient, build: Build) -> None:
    build(files("order"), *[f"order:{number}" for number in range(4)])
    for order, names in (("timeasc", ["0", "1", "2", "3"]), ("timedesc", ["3", "2", "1", "0"])):
        assert [one.name for one in client.list_tag_properties("order", order_by=order)] == names


def test_a_deleted_repository_says_what_went_with_it(host: str, build: Build) -> None:
    digest = build(files("all"), "all:1", "all:2")[0].output_images[0].digest
    admin = (access.CLIENT_ID, access.CLIENT_SECRET)
    answer = requests.delete(f"https://{host}/acr/v1/all", auth=admin, timeout=10)
    assert (answer.status_code, answer.json()) == (202, {"manifestsDeleted": [digest], "tagsDeleted": ["1", "2"]})


def test_a_tag_is_deleted_and_its_image_stays(client: ContainerRegistryClient, build: Build) -> None:
    digest = build(files("gone"), "gone:1")[0].output_images[0].digest
    client.delete_tag("gone", "1")
    with pytest.raises(ResourceNotFoundError):
        client.get_manifest_properties("gone", "1")
    assert client.get_manifest_properties("gone", digest).tags in ([], None)
    client.delete_manifest("gone", digest)
    with pytest.raises(ResourceNotFoundError):
        client.get_manifest_properties("gone", digest)
    client.delete_repository("gone")
    assert "gone" not in list(client.list_repository_names())


def test_what_is_not_there_is_not_found(client: ContainerRegistryClient) -> None:
    for ask in (client.get_manifest_properties, client.get_tag_properties):
        with pytest.raises(ResourceNotFoundError):
            ask("absent", "1")
        with pytest.raises(ResourceNotFoundError):
            ask("team/app", "absent")


@pytest.mark.parametrize("repository", ["absent", "team/app"])
@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("_tags/absent", {"code": "TAG_UNKNOWN", "message": "the specified tag does not exist"}),
        (f"_manifests/sha256:{'0' * 64}", {"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}),
    ],
)
def test_what_is_not_there_is_called_as_azure_calls_it(
    host: str, repository: str, kind: str, error: dict[str, str]
) -> None:
    caller = (access.CLIENT_ID, access.CLIENT_SECRET)
    answer = requests.get(f"https://{host}/acr/v1/{repository}/{kind}", auth=caller, timeout=10)
    assert (answer.status_code, answer.json()) == (404, {"errors": [error]})


def test_a_caller_without_the_registrys_token_gets_a_challenge(host: str) -> None:
    place = f"https://{host}/acr/v1/team/app/_tags/1"
    answer = requests.get(place, timeout=10)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == (
        f'Bearer realm="https://{host}/oauth2/token",service="{host}",scope="repository:team/app:metadata_read"'
    )
    detail = answer.json()["errors"][0]["detail"]
    assert detail == [{"Type": "repository", "Name": "team/app", "Action": "metadata_read"}]
    push = requests.post(f"https://{host}/v2/team/app/blobs/uploads/", timeout=10)
    assert 'scope="repository:team/app:pull,push"' in push.headers["WWW-Authenticate"]
    for audience in ("https://management.azure.com", "other.azurecr.io", f"https://{host}/refresh"):
        wrong = requests.get(place, headers={"Authorization": f"Bearer {issue_token(audience)}"}, timeout=10)
        assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (401, "UNAUTHORIZED")


def test_a_token_of_another_service_is_not_exchanged(host: str) -> None:
    form = {"grant_type": "access_token", "service": host, "access_token": issue_token("https://storage.azure.com")}
    assert requests.post(f"https://{host}/oauth2/exchange", data=form, timeout=10).status_code == 401
    form = {"grant_type": "refresh_token", "service": host, "refresh_token": issue_token(host)}
    assert requests.post(f"https://{host}/oauth2/token", data=form, timeout=10).status_code == 401
    form = {"grant_type": "device_code", "service": host}
    assert requests.post(f"https://{host}/oauth2/token", data=form, timeout=10).status_code == 400


def test_a_wrong_secret_reads_nothing(host: str) -> None:
    wrong = ClientSecretCredential(access.TENANT_ID, access.CLIENT_ID, "wrong")
    with ContainerRegistryClient(f"https://{host}", wrong) as client, pytest.raises(ClientAuthenticationError):
        client.get_tag_properties("team/app", "1")


def test_nothing_is_pushed_over_http(client: ContainerRegistryClient) -> None:
    with pytest.raises(HttpResponseError, match="schedule a build"):
        client.set_manifest("team/app", {"schemaVersion": 2, "config": {}, "layers": []}, tag="pushed")
    with pytest.raises(HttpResponseError, match="schedule a build"):
        client.upload_blob("team/app", io.BytesIO(b"a layer"))


def test_a_registry_that_is_not_there_has_no_images(credential: ClientSecretCredential) -> None:
    answer = requests.get("https://absentregistry.azurecr.io/v2/", timeout=10)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "NAME_UNKNOWN")


def test_images_survive_a_restart(emulator: Emulator, host: str, digest: str) -> None:
    again = ImageStore(emulator.state / "images")
    found = again.find(f"{host}/team/app:1")
    assert found is not None
    assert (found.digest, found.ports, found.labels, found.python) == (digest, (80,), {"is": "first"}, None)
    assert again.find(f"{host}/team/app") == found
    for absent in (
        f"{host}/team/app:2",
        f"{host}/other:1",
        "team/app:1",
        "no name",
        f"{host}/team/app@sha256:{'0' * 64}",
    ):
        assert again.find(absent) is None

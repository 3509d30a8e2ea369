"""NAME.azurecr.io: tokens, ACR's own paths, and what clients read of the distribution specification (OCI, v2).

Nothing is pushed over HTTP: images come into being by builds. A tree's files are no archives, so they cannot be pulled.
"""

import re

from emulator.arm.call import Answer, Call
from emulator.arm.errors import AzureError
from emulator.behaviours.container_registries import container_registry_at
from emulator.dataplane import service
from emulator.dataplane.container_registry_errors import RegistryError, disallowed, unknown_manifest
from emulator.dataplane.container_registry_metadata import catalog, delete_manifest, known_repository, metadata
from emulator.dataplane.container_registry_pages import page
from emulator.dataplane.container_registry_tokens import check_caller, exchange, token
from emulator.images.image_config import CONFIG_TYPE, MANIFEST_TYPE, digest_of
from emulator.images.repository import Repository
from emulator.world import World

VERSION = {"Docker-Distribution-Api-Version": "registry/2.0"}
RANGE = re.compile(r"bytes=(?P<start>[0-9]{1,18})-(?P<end>[0-9]{1,18})")
PATH = re.compile(r"/v2/(?P<name>.+?)/(?P<kind>manifests|blobs|tags)/(?P<reference>uploads/.*|[^/]+)")


@service(r"[a-z0-9]{5,50}\.azurecr\.io", "/", audience=None)
def container_registry(world: World, call: Call) -> Answer:
    """Answer one request to a registry's own host."""
    try:
        answer = _answer(world, call)
    except RegistryError as error:
        answer = error.answer()
    except AzureError as error:
        answer = RegistryError(error.status, "UNSUPPORTED", error.message).answer()
    return Answer(answer.status, answer.document, answer.content, {**VERSION, **answer.headers})


def _answer(world: World, call: Call) -> Answer:
    if container_registry_at(world, call.host) is None:
        raise RegistryError(404, "NAME_UNKNOWN", f"there is no registry {call.host}; create it first")
    if call.path == "/oauth2/exchange":
        return exchange(call)
    if call.path == "/oauth2/token":
        return token(world, call)
    check_caller(world, call)
    if call.path.startswith("/acr/v1/"):
        return metadata(world, call)
    if call.path == "/v2/":
        return Answer(document={})
    if call.path == "/v2/_catalog":
        return catalog(world, call)
    found = PATH.fullmatch(call.path)
    if found is None:
        raise RegistryError(404, "NOT_FOUND", f"the registry has no path {call.path}")
    if call.method not in {"GET", "HEAD"} and (call.method, found["kind"]) != ("DELETE", "manifests"):
        text = "nothing is pushed to the emulator's registry over HTTP: schedule a build (scheduleRun) instead"
        raise RegistryError(405, "UNSUPPORTED", text)
    repository = known_repository(world, call.host, found["name"])
    reference = found["reference"]
    if found["kind"] == "tags":
        names, headers = page(call, sorted(one.name for one in repository.tags.values() if one.attributes.list))
        return Answer(document={"name": repository.short, "tags": names}, headers=headers)
    if found["kind"] == "blobs":
        return _part(call, _blob(repository, reference))
    manifest = repository.manifest(reference)
    if manifest is None:
        raise unknown_manifest(reference)
    if call.method == "DELETE":
        return delete_manifest(world, repository, manifest)
    if not repository.may_be_read(manifest, reference):
        raise disallowed()
    return _content(manifest.text, MANIFEST_TYPE)


def _blob(repository: Repository, digest: str) -> Answer:
    for one in repository.manifests.values():
        if digest_of(one.config.encode()) == digest:
            if not repository.may_be_read(one, one.digest):
                raise disallowed()
            return _content(one.config, CONFIG_TYPE)
    text = f"blob unknown to registry: {digest} (the emulator keeps images' files unpacked: only configs can be read)"
    raise RegistryError(404, "BLOB_UNKNOWN", text)


def _content(text: str, kind: str) -> Answer:
    content = text.encode()
    return Answer(content=content, headers={"Content-Type": kind, "Docker-Content-Digest": digest_of(content)})


def _part(call: Call, whole: Answer) -> Answer:
    """What a Range asks for; clients read blobs so. (Distribution specification, "Pulling blobs".)"""
    found = RANGE.fullmatch(call.headers.get("range", ""))
    if found is None or call.method == "HEAD":
        return whole
    size, start = len(whole.content), int(found["start"])
    if start >= size:
        text = f"the blob has {size} bytes, and byte {start} was asked for"
        raise RegistryError(416, "SIZE_INVALID", text)
    end = min(int(found["end"]), size - 1)
    headers = {**whole.headers, "Content-Range": f"bytes {start}-{end}/{size}"}
    return Answer(206, content=whole.content[start : end + 1], headers=headers)

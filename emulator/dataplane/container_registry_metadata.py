"""ACR's own paths, /acr/v1/…: repositories, tags and manifests, and what may be done with them."""

import re
from typing import Any

from emulator.arm.call import Answer, Call
from emulator.dataplane.container_registry_errors import (
    RegistryError,
    disallowed,
    unknown_manifest,
    unknown_repository,
    unknown_tag,
)
from emulator.dataplane.container_registry_pages import ordered, page
from emulator.images.image_config import CONFIG_TYPE, MANIFEST_TYPE, architecture
from emulator.images.image_store import LockedError
from emulator.images.repository import Attributes, Manifest, Repository, Tag, now
from emulator.world import World

PATH = re.compile(r"/acr/v1/(?P<name>[^_].*?)(?:/_(?P<kind>tags|manifests)(?:/(?P<reference>[^/]+))?)?")
Document = dict[str, Any]


def metadata(world: World, call: Call) -> Answer:
    """Answer one request under /acr/v1/; RegistryError refuses it."""
    if call.path == "/acr/v1/_catalog":
        return catalog(world, call)
    found = PATH.fullmatch(call.path)
    if found is None:
        raise RegistryError(404, "NOT_FOUND", f"the registry has no path {call.path}")
    reference = found["reference"]
    repository = world.images.repository(f"{call.host}/{found['name']}")
    if repository is None:
        raise _unknown(found["name"], found["kind"], reference)
    head = {"registry": repository.registry, "imageName": repository.short}
    if found["kind"] is None:
        return _repository(world, call, repository)
    if reference is None:
        if call.method != "GET":
            raise _not_allowed(call)
        return _tags(call, repository, head) if found["kind"] == "tags" else _manifests(call, repository, head)
    if found["kind"] == "tags":
        return _tag(world, call, repository, reference, head)
    return _manifest(world, call, repository, reference, head)


def catalog(world: World, call: Call) -> Answer:
    """The repositories' names, but for those that are not to be listed."""
    listed = [one.short for one in world.images.repositories(call.host) if one.attributes.list]
    names, headers = page(call, listed)
    return Answer(document={"repositories": names}, headers=headers)


def known_repository(world: World, host: str, name: str) -> Repository:
    """RegistryError 404 when there is none of that name."""
    repository = world.images.repository(f"{host}/{name}")
    if repository is None:
        raise unknown_repository(name)
    return repository


def delete_manifest(world: World, repository: Repository, manifest: Manifest) -> Answer:
    """With its tags."""
    try:
        world.images.delete_manifest(repository, manifest)
    except LockedError as error:
        raise disallowed() from error
    return Answer(202)


def _repository(world: World, call: Call, repository: Repository) -> Answer:
    if call.method == "DELETE":
        gone = {"manifestsDeleted": list(repository.manifests), "tagsDeleted": list(repository.tags)}
        try:
            world.images.delete_repository(repository)
        except LockedError as error:
            raise disallowed() from error
        return Answer(202, gone)
    _changed(world, call, repository.attributes, repository)
    shown = {
        "registry": repository.registry,
        "imageName": repository.short,
        "createdTime": repository.created,
        "lastUpdateTime": repository.updated,
        "manifestCount": len(repository.manifests),
        "tagCount": len(repository.tags),
        "changeableAttributes": repository.attributes.document(),
    }
    return Answer(document=shown)


def _unknown(name: str, kind: str | None, reference: str | None) -> RegistryError:
    if reference is None:
        return unknown_repository(name)
    return unknown_tag() if kind == "tags" else unknown_manifest()


def _tags(call: Call, repository: Repository, head: Document) -> Answer:
    wanted = call.query.get("digest")
    listed = [one for _, one in sorted(repository.tags.items()) if one.attributes.list]
    tags = [one for one in listed if wanted is None or one.digest == wanted]
    names, headers = page(call, [one.name for one in ordered(call, tags)])
    return Answer(document={**head, "tags": [_tag_shown(repository.tags[name]) for name in names]}, headers=headers)


def _manifests(call: Call, repository: Repository, head: Document) -> Answer:
    listed = [one for _, one in sorted(repository.manifests.items()) if one.attributes.list]
    digests, headers = page(call, [one.digest for one in ordered(call, listed)])
    shown = [_manifest_shown(repository, repository.manifests[digest]) for digest in digests]
    return Answer(document={**head, "manifests": shown}, headers=headers)


def _tag(world: World, call: Call, repository: Repository, name: str, head: Document) -> Answer:
    tag = repository.tags.get(name)
    if tag is None:
        raise unknown_tag()
    if call.method == "DELETE":
        try:
            world.images.delete_tag(repository, tag)
        except LockedError as error:
            raise disallowed() from error
        return Answer(202)
    _changed(world, call, tag.attributes, tag)
    return Answer(document={**head, "tag": _tag_shown(tag)})


def _manifest(world: World, call: Call, repository: Repository, digest: str, head: Document) -> Answer:
    manifest = repository.manifests.get(digest)
    if manifest is None:
        raise unknown_manifest()
    if call.method == "DELETE":
        return delete_manifest(world, repository, manifest)
    _changed(world, call, manifest.attributes, manifest)
    return Answer(document={**head, "manifest": _manifest_shown(repository, manifest)})


def _changed(world: World, call: Call, attributes: Attributes, one: Repository | Tag | Manifest) -> None:
    if call.method == "GET":
        return
    if call.method != "PATCH":
        raise _not_allowed(call)
    wanted = call.json()

    def change() -> None:
        attributes.change(wanted)
        one.updated = now()

    world.images.change(change)


def _not_allowed(call: Call) -> RegistryError:
    return RegistryError(405, "UNSUPPORTED", f"the method {call.method} is not allowed here")


def _tag_shown(tag: Tag) -> Document:
    return {
        "name": tag.name,
        "digest": tag.digest,
        "createdTime": tag.created,
        "lastUpdateTime": tag.updated,
        "signed": False,
        "changeableAttributes": tag.attributes.document(),
    }


def _manifest_shown(repository: Repository, manifest: Manifest) -> Document:
    return {
        "digest": manifest.digest,
        "imageSize": manifest.size,
        "createdTime": manifest.created,
        "lastUpdateTime": manifest.updated,
        "architecture": architecture(),
        "os": "linux",
        "mediaType": MANIFEST_TYPE,
        "configMediaType": CONFIG_TYPE,
        "tags": repository.tags_of(manifest.digest),
        "changeableAttributes": manifest.attributes.document(),
    }

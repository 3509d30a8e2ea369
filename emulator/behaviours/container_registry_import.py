"""importImage: an image of one registry, under names of another, without a build."""

from typing import Any

from pydantic import ValidationError

from emulator.arm.errors import AzureError, bad_request, conflict
from emulator.behaviours import Document
from emulator.behaviours.pull_rights import may_pull
from emulator.containers.group_form import Credential
from emulator.images.image_reference import HOST_SUFFIX, ImageReference
from emulator.images.image_store import LockedError
from emulator.world import World


def import_image(world: World, target: Document, body: Document) -> None:
    """Copy it at once; AzureError where Azure, or the emulator, does not. target: the registry that it comes into."""
    source = body.get("source") or {}
    if not isinstance(source, dict):
        raise bad_request("'source' must be an object.", "InvalidParameters")
    wanted = _reference(str(source.get("sourceImage") or ""), _registry(world, source))
    if body.get("untaggedTargetRepositories"):
        raise _not_emulated("into a repository without a tag")
    image = world.images.find(f"{wanted.name}{'@' if wanted.by_digest else ':'}{wanted.version}")
    if image is None:
        raise bad_request(f"The image '{wanted.repository}' is not in {wanted.registry}.", "InvalidParameters")
    if image.runtime == "docker":
        raise _not_emulated("that the Docker engine has")
    host = target["properties"]["loginServer"]
    given = body.get("targetTags") or [f"{wanted.repository}:{'latest' if wanted.by_digest else wanted.version}"]
    names = [_reference(str(one), host) for one in given]
    if str(body.get("mode") or "NoForce").lower() != "force":
        for name in names:
            there = world.images.repository(name.name)
            if there is not None and name.version in there.tags:
                text = f"The tag {name.repository}:{name.version} already exists in {host}. Import with mode Force to move it."
                raise conflict(text)
    try:
        world.images.copy(wanted, names)
    except LockedError as error:
        raise conflict(str(error)) from error


def _registry(world: World, source: Document) -> str:
    """The login server that is imported from, once it lets its image be read."""
    if source.get("resourceId"):
        found = world.store.get(str(source["resourceId"]))
        if found is None or "loginServer" not in found.get("properties", {}):
            raise bad_request(f"There is no registry '{source['resourceId']}'.", "InvalidParameters")
        return str(found["properties"]["loginServer"])
    host = str(source.get("registryUri") or "").lower()
    if not host.endswith(HOST_SUFFIX):
        raise _not_emulated(f"of '{host}'")
    if not may_pull(world, f"{host}/any", [_credential(host, source.get("credentials") or {})], {}):
        text = f"The credentials do not open {host}. Name the source by its resourceId, or give its user and password."
        raise AzureError(401, "Unauthorized", text)
    return host


def _credential(host: str, given: Any) -> Credential:
    try:
        return Credential(server=host, username=given.get("username"), password=given.get("password"))
    except (AttributeError, ValidationError) as error:
        raise bad_request("'source.credentials' must have a username and a password.", "InvalidParameters") from error


def _reference(text: str, host: str) -> ImageReference:
    try:
        return ImageReference.parse(text, host)
    except ValueError as error:
        raise bad_request(f"{error}.", "InvalidParameters") from error


def _not_emulated(what: str) -> AzureError:
    return bad_request(
        f"The emulator imports images between its own container registries (NAME{HOST_SUFFIX}), not one {what}. Build it "
        "(scheduleRun), or use Azure.",
        "NotEmulated",
    )

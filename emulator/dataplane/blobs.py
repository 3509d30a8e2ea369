"""*.blob.core.windows.net: containers and block blobs. (Blob service REST API.)"""

import re
import uuid
import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime
from email.utils import format_datetime

from emulator.arm.call import Answer, Call
from emulator.arm.errors import AzureError
from emulator.dataplane import service
from emulator.dataplane.blob_conditions import check_conditions
from emulator.dataplane.blob_listing import list_blobs, list_containers, xml
from emulator.identity.access import check_token
from emulator.storage.blob_store import Blob
from emulator.world import World

AUDIENCE = "https://storage.azure.com"
VERSION = "2021-08-06"
RANGE = re.compile(r"bytes=(\d+)-(\d*)")
METADATA = "x-ms-meta-"


@service(r".+\.(blob|dfs)\.core\.windows\.net", r"/", None)
def blobs(world: World, call: Call) -> Answer:
    """Answer one request to a storage account; errors are XML here, not JSON."""
    base = {
        "x-ms-version": VERSION,
        "x-ms-request-id": str(uuid.uuid4()),
        "Date": format_datetime(datetime.now(UTC), usegmt=True),
    }
    try:
        answer = _answer(world, call)
    except AzureError as error:
        base |= {"x-ms-error-code": error.code, **error.headers}
        if error.status == 304:
            return Answer(304, headers=base)
        return xml(f"<Error><Code>{error.code}</Code><Message>{error.message}</Message></Error>", error.status, base)
    return Answer(answer.status, answer.document, answer.content, {**base, **answer.headers})


def _answer(world: World, call: Call) -> Answer:
    account = call.host.partition(".")[0]
    container, _, name = call.path.lstrip("/").partition("/")
    _authorize(world, call, account, container, name)
    if not container:
        if call.query.get("comp") == "list":
            return list_containers(world, account)
        raise AzureError(400, "InvalidQueryParameterValue", "The account itself answers lists only.")
    if not name:
        return _container(world, call, account, container)
    if call.method == "PUT":
        with world.blobs.exclusive():
            return _put(world, call, account, container, name)
    if call.method == "DELETE":
        with world.blobs.exclusive():
            check_conditions(call, world.blobs.stat(account, container, name))
            world.blobs.delete(account, container, name)
        return Answer(202, headers={"x-ms-delete-type-permanent": "true"})
    return _read(world, call, account, container, name)


def _authorize(world: World, call: Call, account: str, container: str, name: str) -> None:
    if "sig" in call.query:
        listing = call.query.get("comp") == "list"
        needed = {"GET": "l" if listing else "r", "HEAD": "r", "PUT": "cwa", "DELETE": "d"}.get(call.method, "w")
        world.keys.check_sas(account, container, name, call, needed)
    elif call.headers.get("authorization", "").startswith("SharedKey"):
        world.keys.check_shared_key(account, call)
    else:
        check_token(call.headers, AUDIENCE)


def _container(world: World, call: Call, account: str, container: str) -> Answer:
    there = world.blobs.path(account, container).is_dir()
    headers = {"ETag": '"0x1"', "Last-Modified": format_datetime(datetime.now(UTC), usegmt=True)}
    if call.method == "PUT":
        if not world.blobs.create_container(account, container):
            raise AzureError(409, "ContainerAlreadyExists", "The specified container already exists.")
        return Answer(201, headers=headers)
    if not there:
        raise AzureError(404, "ContainerNotFound", "The specified container does not exist.")
    if call.method == "DELETE":
        world.blobs.delete_container(account, container)
        return Answer(202)
    if call.query.get("comp") == "list":
        return list_blobs(world, account, container, call.query)
    return Answer(200, headers=headers)


def _put(world: World, call: Call, account: str, container: str, name: str) -> Answer:
    if not world.blobs.path(account, container).is_dir():
        raise AzureError(404, "ContainerNotFound", "The specified container does not exist.")
    store, comp = world.blobs, call.query.get("comp")
    if comp == "block":
        store.stage_block(account, container, name, call.query["blockid"], call.body)
        return Answer(201)
    existing = store.stat(account, container, name) if store.exists(account, container, name) else None
    check_conditions(call, existing)
    metadata = {key[len(METADATA) :]: value for key, value in call.headers.items() if key.startswith(METADATA)}
    content_type = (
        call.headers.get("x-ms-blob-content-type") or call.headers.get("content-type") or "application/octet-stream"
    )
    match comp:
        case None if call.headers.get("x-ms-blob-type", "BlockBlob") == "BlockBlob":
            return Answer(
                201, headers=_headers(store.write(account, container, name, call.body, metadata, content_type))
            )
        case "blocklist":
            blocks = [element.text or "" for element in _blocks(call.body)]
            blob = store.commit_blocks(account, container, name, blocks, metadata, content_type)
            return Answer(201, headers=_headers(blob))
        case "metadata":
            return Answer(200, headers=_headers(store.set_metadata(account, container, name, metadata)))
    raise AzureError(400, "UnsupportedHeader", f"The emulator has block blobs only, and no '{comp}'.")


def _blocks(body: bytes) -> list[ElementTree.Element]:
    if b"<!" in body:  # no document types: nothing legitimate has entities here
        raise AzureError(400, "InvalidXmlDocument", "XML specified is not syntactically valid.")
    try:
        return list(ElementTree.fromstring(body))  # noqa: S314 - document types are refused above
    except ElementTree.ParseError as error:
        raise AzureError(400, "InvalidXmlDocument", "XML specified is not syntactically valid.") from error


def _read(world: World, call: Call, account: str, container: str, name: str) -> Answer:
    if not world.blobs.path(account, container).is_dir():
        raise AzureError(404, "ContainerNotFound", "The specified container does not exist.")
    if call.query.get("comp") == "blocklist":
        items = "".join(
            f"<Block><Name>{block}</Name><Size>{size}</Size></Block>"
            for block, size in world.blobs.staged_blocks(account, container, name).items()
        )
        return xml(f"<BlockList><CommittedBlocks/><UncommittedBlocks>{items}</UncommittedBlocks></BlockList>")
    blob = world.blobs.stat(account, container, name)
    check_conditions(call, blob)
    headers = _headers(blob)
    if call.method == "HEAD" or call.query.get("comp") == "metadata":
        return Answer(200, headers=headers | {"Content-Length": str(blob.size if call.method == "HEAD" else 0)})
    wanted = RANGE.fullmatch(call.headers.get("x-ms-range") or call.headers.get("range") or "")
    if wanted is None:
        return Answer(200, content=world.blobs.read(account, container, name), headers=headers)
    start, end = int(wanted[1]), min(int(wanted[2] or blob.size), blob.size - 1)
    if start >= blob.size:
        raise AzureError(
            416,
            "InvalidRange",
            "The range specified is invalid for the current size of the resource.",
            {"Content-Range": f"bytes */{blob.size}"},
        )
    content = world.blobs.read(account, container, name, start, end - start + 1)
    headers.pop("Content-MD5", None)
    return Answer(206, content=content, headers=headers | {"Content-Range": f"bytes {start}-{end}/{blob.size}"})


def _headers(blob: Blob) -> dict[str, str]:
    headers = {
        "ETag": blob.etag,
        "Last-Modified": format_datetime(blob.modified, usegmt=True),
        "Content-Type": blob.content_type,
        "x-ms-blob-type": "BlockBlob",
        "x-ms-server-encrypted": "true",
        "Accept-Ranges": "bytes",
        **{METADATA + name: value for name, value in blob.metadata.items()},
    }
    return headers | ({"Content-MD5": blob.md5} if blob.md5 else {})

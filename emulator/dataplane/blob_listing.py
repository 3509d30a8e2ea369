"""Lists of blobs and containers, in Azure's XML."""

from collections.abc import Mapping
from email.utils import format_datetime
from xml.sax.saxutils import escape

from emulator.arm.call import Answer
from emulator.world import World

MAX_RESULTS = 5000
DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'


def list_containers(world: World, account: str) -> Answer:
    """GET /?comp=list."""
    items = "".join(
        f"<Container><Name>{escape(name)}</Name><Properties><Etag>0x1</Etag>"
        "<LeaseStatus>unlocked</LeaseStatus><LeaseState>available</LeaseState></Properties></Container>"
        for name in world.blobs.containers(account)
        if not name.startswith(".")
    )
    return xml(f"<EnumerationResults><Containers>{items}</Containers><NextMarker/></EnumerationResults>")


def list_blobs(world: World, account: str, container: str, query: Mapping[str, str]) -> Answer:
    """GET /{container}?restype=container&comp=list, with prefix, delimiter, marker, maxresults and include=metadata."""
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    most = min(MAX_RESULTS, int(query.get("maxresults") or MAX_RESULTS))
    entries: dict[str, bool] = {}
    for name in world.blobs.list(account, container, prefix):
        head, found, _ = name[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
        entries[prefix + head + delimiter if found else name] = bool(found)
    names = [name for name in sorted(entries) if name >= query.get("marker", "")]
    page, more = names[:most], names[most : most + 1]
    with_metadata = "metadata" in query.get("include", "")
    items = "".join(
        f"<BlobPrefix><Name>{escape(name)}</Name></BlobPrefix>"
        if entries[name]
        else _blob(world, account, container, name, with_metadata)
        for name in page
    )
    marker = escape(more[0]) if more else ""
    return xml(
        f'<EnumerationResults ContainerName="{escape(container)}"><Prefix>{escape(prefix)}</Prefix>'
        f"<Blobs>{items}</Blobs><NextMarker>{marker}</NextMarker></EnumerationResults>"
    )


def _blob(world: World, account: str, container: str, name: str, with_metadata: bool) -> str:
    blob = world.blobs.stat(account, container, name)
    metadata = (
        "".join(f"<{key}>{escape(value)}</{key}>" for key, value in blob.metadata.items()) if with_metadata else ""
    )
    return (
        f"<Blob><Name>{escape(name)}</Name><Properties><Last-Modified>{format_datetime(blob.modified, usegmt=True)}"
        f"</Last-Modified><Etag>{escape(blob.etag.strip(chr(34)))}</Etag><Content-Length>{blob.size}</Content-Length>"
        f"<Content-Type>{escape(blob.content_type)}</Content-Type><Content-MD5>{blob.md5}</Content-MD5>"
        "<BlobType>BlockBlob</BlobType><LeaseStatus>unlocked</LeaseStatus><LeaseState>available</LeaseState>"
        f"</Properties><Metadata>{metadata}</Metadata></Blob>"
    )


def xml(body: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer in XML."""
    return Answer(
        status, content=(DECLARATION + body).encode(), headers={"Content-Type": "application/xml", **(headers or {})}
    )

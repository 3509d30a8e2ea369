"""Conditional headers on blobs, as "Specifying conditional headers for Blob service operations" tells them."""

from datetime import datetime
from email.utils import parsedate_to_datetime

from emulator.arm.call import Call
from emulator.arm.errors import AzureError
from emulator.storage.blob_store import Blob

NOT_MET = "The condition specified using HTTP conditional header(s) is not met."


def check_conditions(call: Call, blob: Blob | None) -> None:
    """AzureError when a header forbids the operation: 412, 409 for create-only, 304 for a read that has nothing new."""
    headers, reading = call.headers, call.method in {"GET", "HEAD"}
    wanted, unwanted = headers.get("if-match"), headers.get("if-none-match")
    if wanted is not None and (blob is None or (wanted != "*" and wanted.strip('"') != blob.etag.strip('"'))):
        raise AzureError(412, "ConditionNotMet", NOT_MET)
    if unwanted is not None and blob is not None:
        if unwanted == "*" and not reading:
            raise AzureError(409, "BlobAlreadyExists", "The specified blob already exists.")
        if unwanted == "*" or unwanted.strip('"') == blob.etag.strip('"'):
            raise _not_modified(reading)
    since, until = _date(headers.get("if-modified-since")), _date(headers.get("if-unmodified-since"))
    if blob is not None and since is not None and blob.modified <= since:
        raise _not_modified(reading)
    if blob is not None and until is not None and blob.modified > until:
        raise AzureError(412, "ConditionNotMet", NOT_MET)


def _not_modified(reading: bool) -> AzureError:
    return AzureError(304 if reading else 412, "ConditionNotMet", NOT_MET)


def _date(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return parsedate_to_datetime(text)
    except ValueError as error:
        raise AzureError(
            400, "InvalidHeaderValue", "The value for one of the HTTP headers is not in the correct format."
        ) from error

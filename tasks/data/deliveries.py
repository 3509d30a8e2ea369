"""What a source delivered, and what of it differs from the delivery before. (A source corrects its days and delivers again.)"""

import json
from hashlib import sha256
from pathlib import Path

import pandas as pd

from blocks.workspace import Workspace
from tasks.azure_errors import azure_errors
from tasks.azure_ml.datastore_files import container_of, split_uri

MOST_SAID = 10
LONGEST_SAID = 200
COLUMNS_NAMED = 5


def delivery_digest(workspace: Workspace, uri: str) -> str:
    """Of the files below a datastore folder: `sha256:` + hex, another one when any file is new, gone or written again."""
    datastore, path = split_uri(uri)
    with azure_errors(f"listing {uri} in {workspace.workspace_name}"):
        blobs = container_of(workspace, datastore).list_blobs(name_starts_with=path)
        lines = [[blob.name.removeprefix(path), blob.size, _version(blob)] for blob in blobs]
    return "sha256:" + sha256(json.dumps(sorted(lines)).encode()).hexdigest()


def _version(blob: object) -> str:
    """The content's MD5 where storage knows it, so that the same file delivered again is no change; else the ETag."""
    settings = getattr(blob, "content_settings", None)
    md5 = getattr(settings, "content_md5", None)
    return bytes(md5).hex() if md5 else str(getattr(blob, "etag", ""))


def left_out(files: Path) -> tuple[str, ...]:
    """What the prepare pipeline says it left out: `left_out` of summary.json beside the data, a list of sentences, if there is one."""
    try:
        said = json.loads((files / "summary.json").read_text()).get("left_out", [])
    except (OSError, ValueError, AttributeError):
        return ()
    if not isinstance(said, list):
        return ()
    return tuple(str(one)[:LONGEST_SAID] for one in said[:MOST_SAID])


def difference(before: pd.DataFrame, after: pd.DataFrame, timestamp: str) -> str:
    """In words: how many rows came, went and changed, and in which columns. timestamp: the column that tells rows apart."""
    if (
        timestamp not in before
        or timestamp not in after
        or any(one[timestamp].duplicated().any() for one in (before, after))
    ):
        return f"{len(before):,} rows before, {len(after):,} now"
    old, new = before.set_index(timestamp), after.set_index(timestamp)
    both = old.index.intersection(new.index)
    columns = [name for name in old.columns if name in new.columns]
    changed = {name: _differs(old.loc[both, name], new.loc[both, name]) for name in columns}
    rows = int(pd.DataFrame(changed).any(axis=1).sum()) if columns and len(both) else 0
    named = [str(name) for name, where in changed.items() if where.any()]
    where = f" ({', '.join(named[:COLUMNS_NAMED])})" if named else ""
    return f"{rows:,} of {len(both):,} rows changed{where}, {len(new) - len(both):,} added, {len(old) - len(both):,} removed"


def _differs(old: pd.Series, new: pd.Series) -> pd.Series:
    return old.ne(new) & ~(old.isna() & new.isna())

"""Every resource's document, in SQLite, with a copy in memory that reads come from."""

import json
import sqlite3
import threading
from pathlib import Path
from typing import Any

Document = dict[str, Any]


class Store:
    """Documents by resource id. Thread-safe; what was put survives a restart."""

    def __init__(self, file: Path) -> None:
        self._lock = threading.RLock()
        self._database = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute(
            "PRAGMA synchronous=OFF"
        )  # survives the end of the process; the machine's is not promised
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS resources (key TEXT PRIMARY KEY, position INTEGER, document TEXT)"
        )
        rows = self._database.execute("SELECT key, document FROM resources ORDER BY position")
        self._documents: dict[str, str] = dict(rows.fetchall())
        (last,) = self._database.execute("SELECT MAX(position) FROM resources").fetchone()
        self._position: int = last or 0

    def get(self, path: str) -> Document | None:
        """A copy of the document, or None."""
        text = self._documents.get(path.lower())
        return None if text is None else json.loads(text)

    def put(self, path: str, document: Document) -> None:
        """Keep a document; one that was there is replaced in place."""
        text, key = json.dumps(document), path.lower()
        with self._lock:
            self._documents[key] = text
            self._position += 1
            self._database.execute(
                "INSERT INTO resources VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET document = excluded.document",
                (key, self._position, text),
            )

    def delete(self, path: str) -> bool:
        """Forget a resource and everything inside it; False when there was none."""
        key = path.lower()
        with self._lock:
            inside = [name for name in self._documents if name == key or name.startswith(key + "/")]
            for name in inside:
                del self._documents[name]
            self._database.executemany("DELETE FROM resources WHERE key = ?", [(name,) for name in inside])
        return key in inside

    def children(self, path: str) -> list[Document]:
        """Documents of a collection's direct members (`…/models`), oldest first."""
        prefix = path.lower().rstrip("/") + "/"
        with self._lock:
            texts = [
                text
                for key, text in self._documents.items()
                if key.startswith(prefix) and "/" not in key[len(prefix) :]
            ]
        return [json.loads(text) for text in texts]

    def all_of(self, resource_type: str) -> list[Document]:
        """Documents of every resource of a type, wherever it is."""
        wanted = resource_type.lower()
        with self._lock:
            documents = [json.loads(text) for text in self._documents.values()]
        return [document for document in documents if str(document.get("type", "")).lower() == wanted]

    def all_in_states(self, *states: str) -> list[Document]:
        """Documents whose provisioningState is one of these."""
        with self._lock:
            documents = [json.loads(text) for text in self._documents.values()]
        return [one for one in documents if (one.get("properties") or {}).get("provisioningState") in states]

    def count(self) -> int:
        """How many resources there are."""
        return len(self._documents)

    def reset(self) -> None:
        """Forget everything."""
        with self._lock:
            self._documents.clear()
            self._database.execute("DELETE FROM resources")

    def close(self) -> None:
        """Give the file back."""
        self._database.close()

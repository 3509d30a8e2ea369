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
        self._database.execute("PRAGMA synchronous=OFF")  # survives the end of this process, not of the machine
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS resources (key TEXT PRIMARY KEY, position INTEGER, document TEXT)"
        )
        self._documents: dict[str, str] = {}
        self._members: dict[str, dict[str, None]] = {}  # keys by collection, oldest first
        self._types: dict[str, dict[str, None]] = {}  # keys by resource type, oldest first
        self._names: dict[str, dict[str, None]] = {}  # keys by name, oldest first
        for key, text in self._database.execute("SELECT key, document FROM resources ORDER BY position"):
            self._remember(key, text, json.loads(text))
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
            self._remember(key, text, document)
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
                del self._members[name.rpartition("/")[0]][name]
                del self._names[name.rpartition("/")[2]][name]
                for keys in self._types.values():
                    keys.pop(name, None)
            self._database.executemany("DELETE FROM resources WHERE key = ?", [(name,) for name in inside])
        return key in inside

    def children(self, path: str) -> list[Document]:
        """Documents of a collection's direct members (`…/models`), oldest first."""
        return self._of(self._members.get(path.lower().rstrip("/"), {}))

    def all_of(self, resource_type: str) -> list[Document]:
        """Documents of every resource of a type, wherever it is, oldest first."""
        return self._of(self._types.get(resource_type.lower(), {}))

    def named(self, resource_type: str, name: str) -> list[Document]:
        """Documents of every resource of a type and name, wherever it is, oldest first."""
        with self._lock:
            of_type = self._types.get(resource_type.lower(), {})
            return self._of({key: None for key in self._names.get(name.lower(), {}) if key in of_type})

    def under(self, path: str) -> list[Document]:
        """Documents of everything inside a scope or resource, at any depth, oldest first."""
        prefix = path.lower().rstrip("/") + "/"
        with self._lock:
            texts = [text for key, text in self._documents.items() if key.startswith(prefix)]
        return [json.loads(text) for text in texts]

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
            for known in (self._documents, self._members, self._types, self._names):
                known.clear()
            self._database.execute("DELETE FROM resources")

    def close(self) -> None:
        """Give the file back."""
        self._database.close()

    def _of(self, keys: dict[str, None]) -> list[Document]:
        with self._lock:
            texts = [self._documents[key] for key in keys]
        return [json.loads(text) for text in texts]

    def _remember(self, key: str, text: str, document: Document) -> None:
        self._documents[key] = text
        self._members.setdefault(key.rpartition("/")[0], {})[key] = None
        self._types.setdefault(str(document.get("type", "")).lower(), {})[key] = None
        self._names.setdefault(key.rpartition("/")[2], {})[key] = None

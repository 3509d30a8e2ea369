"""The facts of a release as they lie in storage, each read once; whoever wrote them."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from operator import attrgetter
from threading import RLock
from typing import TYPE_CHECKING, Any

from cachetools import LRUCache, cached

from blocks.ledger import Ledger
from domain.errors import Terminal
from domain.ledger.fact import Fact
from domain.ledger.trust import Trust
from tasks.azure_errors import azure_errors

if TYPE_CHECKING:
    from azure.storage.blob import BlobProperties, ContainerClient

MAX_FACT_BYTES = 8_000_000
"""Ten times what the manifest or the smoke tests of a thousand circuits take."""
MAX_FACTS = 2000
"""Gates refuse a limited number of answers, and nothing else writes more than some dozens."""
SMALL = 16_000
"""Bytes of a fact of which thousands are kept in memory."""
READ_AT_ONCE = 8


class QuarantinedError(Terminal):
    """Something lies among a release's facts that is none: nothing is read of that release, or added; no other is concerned."""


@dataclass(eq=False)
class StoredFact:
    """A fact as it was read, and what was found of its signature."""

    fact: Fact
    judged: tuple[Trust | None, str] = (None, "")

    def fault(self, trust: Trust) -> str:
        """As `Trust.fault_of`, worked out once."""
        if self.judged[0] is not trust:
            self.judged = (trust, trust.fault_of(self.fact))
        return self.judged[1]


def stored(ledger: Ledger, workload: str, release: str) -> tuple[StoredFact, ...]:
    """In order; none when there is no such release. QuarantinedError names what is no fact."""
    from azure.core.exceptions import ResourceNotFoundError

    container = ledger.get_client()
    with azure_errors(f"reading the ledger of release {release}"):
        try:
            blobs = container.list_blobs(name_starts_with=f"{workload}/{release}/")
            listed = list(islice(blobs, MAX_FACTS + 1))
        except ResourceNotFoundError:
            return ()  # no container yet
        if len(listed) > MAX_FACTS:
            raise QuarantinedError(
                f"{workload}/{release}/ in the ledger has more than {MAX_FACTS} blobs, and no release has so many facts, "
                "so nothing is read of this release or added to it. Find out who wrote them"
            )
        with ThreadPoolExecutor(READ_AT_ONCE) as pool:
            return tuple(pool.map(partial(_read, container), sorted(listed, key=attrgetter("name"))))


def stored_facts(ledger: Ledger, workload: str, release: str) -> tuple[Fact, ...]:
    """The same, to be looked at and never acted on: whoever wrote them."""
    return tuple(one.fact for one in stored(ledger, workload, release))


def _read(container: "ContainerClient", blob: "BlobProperties") -> StoredFact:
    """Read once: what is written over a fact has another etag. A release reads its facts a hundred times."""
    of_its_size = _small_fact if blob.size <= SMALL else _large_fact
    return of_its_size(container, blob.name, str(blob.etag).strip('"'), blob.size)


def _fact(container: "ContainerClient", name: str, etag: str, size: int) -> StoredFact:
    try:
        if size > MAX_FACT_BYTES:
            raise ValueError(f"it has {size} bytes, more than the {MAX_FACT_BYTES} of the largest fact")
        fact = Fact.model_validate_json(container.download_blob(name).readall())
        if fact.slot != name:
            raise ValueError(f"it says that its place is {fact.slot}")
        return StoredFact(fact)
    except ValueError as error:  # pydantic's, too
        why = str(error).splitlines()[0]
        raise QuarantinedError(
            f"{name} in the ledger is not a fact ({why}), so nothing is read of its release or added to it. Find out who wrote it, keep a "
            "copy elsewhere and remove it; other releases are not affected"
        ) from None


_small_fact, _large_fact = (cached(LRUCache[Any, StoredFact](maxsize=most), lock=RLock())(_fact) for most in (4096, 32))


def keep_read(container: "ContainerClient", name: str, etag: str, content: bytes) -> None:
    """As if it had been read: who writes a fact reads it next."""
    kept: Any = _small_fact if len(content) <= SMALL else _large_fact
    with kept.cache_lock:
        key = kept.cache_key(container, name, etag.strip('"'), len(content))
        kept.cache[key] = StoredFact(Fact.model_validate_json(content))

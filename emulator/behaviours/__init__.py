"""What a resource type does beyond being stored: one type a file, registering itself by being defined.

A type without a file here is plain storage and needs no code.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from emulator.arm.call import Answer
from emulator.arm.errors import AzureError, conflict
from emulator.arm.resource_id import ResourceId
from emulator.world import World

Document = dict[str, Any]

_KNOWN: dict[str, "Behaviour"] = {}


class Behaviour:
    """Plain storage. A subclass names its resource type and overrides what differs."""

    type: ClassVar[str] = ""
    long_running: ClassVar[bool] = False
    """Whether PUT and DELETE answer 201/202 with an operation to poll."""
    shows_deleted: ClassVar[bool] = False
    """Whether a long-running DELETE ends with the document of what was deleted."""
    ends_with_status: ClassVar[bool] = False
    """Whether a long-running action ends with a word that it succeeded; others end with nothing."""
    needs_parent: ClassVar[bool] = True
    """Whether a PUT into a parent that does not exist is refused."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.type:
            _KNOWN[cls.type.lower()] = cls()

    def prepare(self, world: World, id: ResourceId, body: Document, existing: Document | None) -> Document:
        """The document to store for a PUT; AzureError refuses it."""
        return body

    def busy(self, id: ResourceId) -> AzureError:
        """What is answered to another order while an operation on it is under way."""
        return conflict(f"Another operation is in progress on the resource '{id.path}'. Try again when it has ended.")

    def created(self, world: World, id: ResourceId) -> None:
        """Once a new document is stored, where nothing is to be waited for."""

    def begun(self, world: World, id: ResourceId) -> None:
        """Once a PUT's document is stored and its operation has begun: what takes real time starts here."""

    def working(self, world: World, id: ResourceId) -> bool:
        """Whether something real still goes on, so that an operation whose time has come is not over yet."""
        return False

    def changed(self, world: World, id: ResourceId, merged: Document, existing: Document) -> Document:
        """The document to store for a PATCH, which was merged into the existing one; AzureError refuses it."""
        return self.prepare(world, id, merged, existing)

    def settle(self, world: World, id: ResourceId, document: Document) -> Document:
        """The document once its operation succeeded; AzureError makes the operation end Failed."""
        return document

    def shown(self, world: World, id: ResourceId, document: Document) -> Document:
        """The document as a GET answers it."""
        return document

    def operation_shown(self, world: World, id: ResourceId, document: Document) -> Document:
        """What is said of an operation that goes on with the resource, or ended."""
        return document

    def missing(self, world: World, id: ResourceId) -> Document | None:
        """What a GET answers where nothing is stored; None for Azure's 404."""
        return None

    def listed(
        self, world: World, collection: ResourceId, documents: list[Document], query: dict[str, str]
    ) -> list[Document]:
        """The members that a GET of the collection answers."""
        return documents

    def read(self, world: World, collection: ResourceId, query: Mapping[str, str]) -> Answer | None:
        """What a GET answers where Azure has no members to list; None for the members."""
        return None

    def before_delete(self, world: World, id: ResourceId, document: Document) -> None:
        """A chance to refuse (AzureError) or to end what belongs to the resource."""

    def action(self, world: World, id: ResourceId, name: str, body: Document) -> Answer:
        """POST {id}/{name}."""
        raise AzureError(404, "InvalidResourceType", f"The resource type '{id.type}' has no action '{name}'.")


class PlainStorage(Behaviour):
    """Any other provider's resources: stored, read, listed, deleted."""

    needs_parent = False


_PLAIN = PlainStorage()


def behaviour_of(resource_type: str) -> Behaviour:
    """The behaviour of a resource type, whatever its case."""
    return _KNOWN.get(resource_type.lower(), _PLAIN)


class OperationHooks:
    """Each operation is asked about at the behaviour of its resource's type."""

    def __init__(self, world: World) -> None:
        self._world = world

    def working(self, id: ResourceId) -> bool:
        """See `Behaviour.working`."""
        return behaviour_of(id.type).working(self._world, id)

    def settle(self, id: ResourceId, document: Document) -> Document:
        """See `Behaviour.settle`."""
        return behaviour_of(id.type).settle(self._world, id, document)

    def operation_shown(self, id: ResourceId, document: Document) -> Document:
        """See `Behaviour.operation_shown`."""
        return behaviour_of(id.type).operation_shown(self._world, id, document)


def open_world(folder: Path, warm: bool = True) -> World:
    """The emulator of a folder, with every type's behaviour; what an earlier one left unfinished there is ended."""
    load_behaviours()
    return World(folder, OperationHooks, warm)


def load_behaviours() -> None:
    """Import every file of this package, so that each type registers itself."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")

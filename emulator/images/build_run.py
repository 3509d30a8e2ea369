"""One run of a registry's builds: its document in the store, its log, and the way from source to pushed image."""

import shutil
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from emulator.arm.resource_id import ResourceId
from emulator.execution.process import UserProcess
from emulator.images.build_context import unpack
from emulator.images.build_failure import BuildCanceledError, BuildFailedError
from emulator.images.build_order import BuildOrder, Built
from emulator.images.build_request import BuildRequest
from emulator.images.cluster_registry import find_cluster_registry
from emulator.images.engine import Engine, find_engine
from emulator.images.engine_build import build_with_engine, forget_build, name_in_engine
from emulator.images.image_reference import ImageReference
from emulator.images.image_store import ImageStore, LockedError
from emulator.images.repository import now
from emulator.images.tree_build import TreeBuild
from emulator.state import State
from emulator.storage.account_name import derived_account

ENDED = frozenset({"Succeeded", "Failed", "Canceled", "Error", "Timeout"})
IN_LOG = {"Timeout": "timedout", "Error": "internalerror"}
"""Of a status, the word in its log's metadata where that is another: `az acr build` reads the log until it is there."""
UPLOADS, LOGS = "source-uploads", "run-logs"
"""Containers in the storage that is behind a registry."""


class BuildRun:
    """The run of an id that is in the store."""

    def __init__(self, state: State, images: ImageStore, id: ResourceId) -> None:
        self._state, self._images, self.id = state, images, id
        self.account = derived_account(id.ancestor(1).path)

    @property
    def log_name(self) -> str:
        """Of the blob."""
        return f"logs/{self.id.name}/rawtext.log"

    @property
    def log(self) -> Path:
        """The blob's file."""
        return self._state.blobs.path(self.account, LOGS, self.log_name)

    @property
    def status(self) -> str:
        """Empty when the run is gone."""
        document = self._state.store.get(self.id.path) or {"properties": {}}
        return str(document["properties"].get("status") or "")

    def update(self, **changes: Any) -> None:
        """Change properties of what has not ended."""
        document = self._state.store.get(self.id.path)
        if document is None or document["properties"].get("status") in ENDED:
            return
        document["properties"].update(changes, lastUpdatedTime=now())
        self._state.store.put(self.id.path, document)

    def open_log(self) -> None:
        """Make it, unless it is there."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if not self.log.exists():
            self.log.touch()

    def begin(self) -> None:
        """It runs."""
        self.open_log()
        self.update(status="Running", startTime=now())

    def end(self, status: str, reason: str = "", images: list[dict[str, str]] | None = None) -> None:
        """It ended; what ended once stays so. reason: for the log, too."""
        if not self.status or self.status in ENDED:
            return
        self.open_log()
        if reason:
            with self.log.open("a", encoding="utf-8") as stream:
                stream.write(f"{reason}\n")
        said = IN_LOG.get(status, status.lower())
        self._state.blobs.set_metadata(self.account, LOGS, self.log_name, {"complete": said})
        self.update(status=status, finishTime=now(), runErrorMessage=reason or None, outputImages=images or [])

    def build(self, request: BuildRequest, process: UserProcess) -> list[dict[str, str]]:
        """Build and push; the output images. The build's errors when it fails."""
        folder = Path(tempfile.mkdtemp(dir=self._images.workshop))
        try:
            deadline = time.monotonic() + request.seconds
            places = (folder / "context", request.dockerfile)
            order = BuildOrder(*places, request.arguments, request.target, request.seconds, deadline, process, self.log)
            engine = find_engine()
            if engine is not None:
                order.write(f"docker engine {engine.version} at {engine.address}")
            else:
                order.write("unpacked tree, run by this machine's own processes: no isolation")
            size = unpack(self._source(request.source), order.context)
            order.write(f"Sending build context to the build  {size:,} bytes")
            images = self._images
            built = (
                build_with_engine(engine, order)
                if engine is not None
                else TreeBuild(order, images.trees, images.find_with_config).build()
            )
            return self._push(order, built, engine, list(request.names)) if request.push else self._drop(built, engine)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _source(self, given: str) -> Path:
        """The uploaded archive's file."""
        place = urlsplit(given)
        account, container, name = self.account, UPLOADS, given
        if place.scheme == "https" and place.hostname and place.hostname.endswith(".blob.core.windows.net"):
            account = place.hostname.partition(".")[0]
            container, _, name = place.path.lstrip("/").partition("/")
        file = self._state.blobs.path(account, container, name)
        if not file.is_file():
            raise BuildFailedError(
                f"failed to download source: there is no blob '{name}' in {account}/{container}. Upload the archive to the "
                "uploadUrl of listBuildSourceUploadUrl first, and name its relativePath as sourceLocation"
            )
        return file

    def _push(
        self, order: BuildOrder, built: Built, engine: Engine | None, names: list[ImageReference]
    ) -> list[dict[str, str]]:
        try:
            order.check()
            cluster = find_cluster_registry() if engine is not None else None
            if engine is not None and cluster is not None:
                self._images.check(names)
                built = cluster.push(engine, built, names)
            digest = self._images.push(built, names)
        except (BuildCanceledError, BuildFailedError):
            self._drop(built, engine)
            raise
        except LockedError as error:
            self._drop(built, engine)
            raise BuildFailedError(f"failed to push images: {error}") from error
        for name in names:
            if engine is not None:
                name_in_engine(engine, built.in_engine, name.name, name.version, digest)
            order.write(f"Successfully tagged and pushed {name.name}:{name.version} (digest: {digest})")
        if engine is not None:
            forget_build(engine, built.in_engine)
        return [
            {"registry": one.registry, "repository": one.repository, "tag": one.version, "digest": digest}
            for one in names
        ]

    def _drop(self, built: Built, engine: Engine | None) -> list[dict[str, str]]:
        if built.root is not None:
            shutil.rmtree(built.root, ignore_errors=True)
        if engine is not None:
            forget_build(engine, built.in_engine)
        return []

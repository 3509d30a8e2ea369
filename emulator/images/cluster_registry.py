"""A registry that this machine's cluster pulls from, where there is one: what the engine builds is pushed there, too.

REGISTRY names it (`127.0.0.1:5000`). An image keeps its repository and tag there, and its digest is the one that this registry
gave it: `crmlops.azurecr.io/app@sha256:…` is `127.0.0.1:5000/app@sha256:…` for a cluster that has no way to azurecr.io.
"""

import http.client
import json
import os
from dataclasses import dataclass, replace

from emulator.images.build_failure import BuildFailedError
from emulator.images.build_order import Built
from emulator.images.engine import Engine
from emulator.images.engine_build import ask
from emulator.images.image_config import MANIFEST_TYPE, Documents
from emulator.images.image_reference import ImageReference

REGISTRY = "REGISTRY"
SECONDS = 30.0
PUSH_SECONDS = 600.0


@dataclass(frozen=True)
class ClusterRegistry:
    """Without login and TLS. address: `host:port`."""

    address: str

    def push(self, engine: Engine, built: Built, names: list[ImageReference]) -> Built:
        """The image under all these names; with the manifest that it has there. BuildFailedError when it does not get there."""
        for name in names:
            here = f"{self.address}/{name.repository}:{name.version}"
            ask(engine, "tag", built.in_engine, here)
            ask(engine, "push", here, seconds=PUSH_SECONDS)
            ask(engine, "rmi", here)
        return replace(built, documents=self._documents(names[0]))

    def _documents(self, name: ImageReference) -> Documents:
        manifest = self._read(f"/v2/{name.repository}/manifests/{name.version}")
        parts = json.loads(manifest)
        config = self._read(f"/v2/{name.repository}/blobs/{parts['config']['digest']}")
        return Documents(manifest, config, sum(one["size"] for one in parts["layers"]))

    def _read(self, path: str) -> str:
        line = http.client.HTTPConnection(self.address, timeout=SECONDS)
        try:
            line.request("GET", path, headers={"Accept": MANIFEST_TYPE})
            answer = line.getresponse()
            text = answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            raise BuildFailedError(f"failed to push images: {self.address} does not answer: {error}") from error
        finally:
            line.close()
        if answer.status != 200:
            raise BuildFailedError(f"failed to push images: {self.address} answers {answer.status} for {path}")
        return text


def find_cluster_registry() -> ClusterRegistry | None:
    """The one that REGISTRY names; None when it names none."""
    address = os.environ.get(REGISTRY, "")
    return ClusterRegistry(address) if address else None

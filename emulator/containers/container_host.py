"""Every container group that runs here: started, ended and looked at by its resource id."""

import logging
import threading
from collections.abc import Callable

from emulator.arm.errors import AzureError, bad_request
from emulator.arm.resource_id import ResourceId
from emulator.containers.group_form import GroupForm
from emulator.containers.group_run import GroupRun
from emulator.containers.public_address import GROUPS
from emulator.containers.relay import PortTakenError, Relays
from emulator.images.image_store import ImageStore
from emulator.state import State

logger = logging.getLogger(__name__)


class ContainerHost:
    """The groups of one emulator. What takes time goes on beside, one thing after the other for each group."""

    def __init__(self, state: State, images: ImageStore) -> None:
        self._state, self._images = state, images
        self._relays = Relays()
        self._lock = threading.Lock()
        self._runs: dict[str, GroupRun] = {}
        self._failures: dict[str, AzureError] = {}
        self._work: dict[str, threading.Thread] = {}

    def launch(self, id: ResourceId) -> None:
        """Start the group as its document says, once what runs of it has ended; `working` until then."""
        self._failures.pop(id.key, None)
        self._begin(id, self._launch)

    def stop(self, id: ResourceId) -> None:
        """End its containers; the group stays and can be started again."""
        self._begin(id, self._end)

    def remove(self, id: ResourceId) -> None:
        """End its containers and forget it."""
        self._failures.pop(id.key, None)
        self._begin(id, self._forget)

    def remove_under(self, scope: ResourceId) -> None:
        """All groups of a resource group."""
        for key in [one for one in self._runs if one.startswith(f"{scope.key}/")]:
            self.remove(ResourceId.parse(key))

    def working(self, id: ResourceId) -> bool:
        """Whether it is being started or ended."""
        thread = self._work.get(id.key)
        return thread is not None and thread.is_alive()

    def failure(self, id: ResourceId) -> AzureError | None:
        """Why its last start failed."""
        return self._failures.get(id.key)

    def run_of(self, id: ResourceId) -> GroupRun | None:
        """The group as it runs, or as it ended; None when it was never started by this process."""
        return self._runs.get(id.key)

    def resume(self) -> None:
        """Start again what ran when an emulator before this one ended: groups that are always to run."""
        for document in self._state.store.all_of(GROUPS):
            properties = document["properties"]
            wanted = properties["restartPolicy"] == "Always" and not properties["stopped"]
            if wanted and properties.get("provisioningState") == "Succeeded":
                self.launch(ResourceId.parse(document["id"]))

    def shutdown(self) -> None:
        """End all of them and wait until they have ended; the host can be used again."""
        for key in {*self._runs, *self._work}:
            self.remove(ResourceId.parse(key))
        for thread in list(self._work.values()):
            thread.join()
        self._failures.clear()
        self._work.clear()
        self._relays.end()

    def _begin(self, id: ResourceId, work: Callable[[ResourceId], None]) -> None:
        with self._lock:
            before = self._work.get(id.key)
            thread = threading.Thread(target=self._after, args=(before, work, id), name=f"group {id.name}", daemon=True)
            self._work[id.key] = thread
            thread.start()

    def _after(self, before: threading.Thread | None, work: Callable[[ResourceId], None], id: ResourceId) -> None:
        if before is not None:
            before.join()
        try:
            work(id)
        except AzureError as error:
            self._failures[id.key] = error
        except Exception:
            logger.exception("container group %s", id.path)
            text = "The emulator failed at this container group; its log has the traceback."
            self._failures[id.key] = AzureError(500, "InternalServerError", text)

    def _launch(self, id: ResourceId) -> None:
        self._forget(id)
        document = self._state.store.get(id.path)
        if document is None:
            return
        form = GroupForm.model_validate(document["properties"])
        images = {}
        for one in form.containers:
            image = self._images.find(one.properties.image)
            if image is None:
                raise inaccessible_image(one.properties.image, id.name)
            images[one.name] = image
        ip = (document["properties"].get("ipAddress") or {}).get("ip")
        run = GroupRun(form, images, ip, self._relays)
        self._runs[id.key] = run
        try:
            run.start()
        except PortTakenError as error:
            self._runs.pop(id.key)
            text = f"The container group '{id.name}' cannot be started: {error.strerror}."
            raise AzureError(409, "PortNotAvailable", text) from error

    def _end(self, id: ResourceId) -> None:
        run = self._runs.get(id.key)
        if run is not None:
            run.end()

    def _forget(self, id: ResourceId) -> None:
        self._end(id)
        self._runs.pop(id.key, None)


def inaccessible_image(image: str, group: str) -> AzureError:
    """As Azure words it, whether the image is not there or may not be pulled."""
    return bad_request(
        f"The image '{image}' in container group '{group}' is not accessible. Please check the image and registry credential.",
        "InaccessibleImage",
    )

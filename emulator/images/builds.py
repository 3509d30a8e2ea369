"""Runs builds, as many at once as this machine has processors."""

import logging
import os
import threading

from emulator.arm.errors import AzureError
from emulator.arm.resource_id import ResourceId
from emulator.execution.process import UserProcess
from emulator.images.build_failure import BuildCanceledError, BuildFailedError, BuildTimeoutError
from emulator.images.build_request import BuildRequest
from emulator.images.build_run import ENDED, BuildRun
from emulator.images.image_store import ImageStore
from emulator.state import State

RUNS = "Microsoft.ContainerRegistry/registries/runs"
INTERRUPTED = "The emulator stopped while this build ran. Schedule it again."

logger = logging.getLogger(__name__)


class Builds:
    """Every build of one emulator. Those that an earlier process left unfinished are Failed, with the reason."""

    def __init__(self, state: State, images: ImageStore) -> None:
        self._state, self._images = state, images
        self._lock = threading.Lock()
        self._processes: dict[str, UserProcess] = {}
        self._threads: list[threading.Thread] = []
        self._machine = threading.BoundedSemaphore(os.cpu_count() or 1)
        self._end_left_over()

    def _end_left_over(self) -> None:
        for document in self._state.store.all_of(RUNS):
            if document["properties"].get("status") not in ENDED:
                BuildRun(self._state, self._images, ResourceId.parse(document["id"])).end("Failed", INTERRUPTED)

    def submit(self, id: ResourceId, request: BuildRequest) -> None:
        """Start a run that is in the store; returns at once."""
        process = UserProcess()
        arguments = (BuildRun(self._state, self._images, id), request, process)
        thread = threading.Thread(target=self._guarded, args=arguments, name=f"build {id.name}", daemon=True)
        with self._lock:
            self._processes[id.key] = process
            self._threads = [one for one in self._threads if one.is_alive()] + [thread]
        thread.start()

    def cancel(self, id: ResourceId) -> None:
        """End a build; nothing happens to one that ended."""
        with self._lock:
            process = self._processes.get(id.key)
        if process is not None:
            process.stop()

    def shutdown(self) -> None:
        """End all of them; those that had not ended are Failed, with the reason."""
        self._end_left_over()
        with self._lock:
            processes, threads = list(self._processes.values()), list(self._threads)
        for process in processes:
            process.stop()
        for thread in threads:
            thread.join(timeout=10)

    def _guarded(self, run: BuildRun, request: BuildRequest, process: UserProcess) -> None:
        try:
            with self._machine:
                if process.stopped.is_set():
                    raise BuildCanceledError("the build was cancelled before it began")
                run.begin()
                run.end("Succeeded", images=run.build(request, process))
        except BuildCanceledError as error:
            run.end("Canceled", str(error))
        except BuildTimeoutError as error:
            run.end("Timeout", str(error))
        except BuildFailedError as error:
            run.end("Failed", str(error))
        except AzureError as error:
            run.end("Failed", error.message)
        except Exception as error:
            logger.exception("build %s", run.id.name)
            run.end("Error", f"The emulator failed: {error}")
        finally:
            with self._lock:
                self._processes.pop(run.id.key, None)

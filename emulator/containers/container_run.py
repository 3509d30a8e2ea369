"""One container of a running group: started, watched, started again as its group's policy says."""

import threading
import time

from emulator.containers import runtime
from emulator.containers.container_log import ContainerLog
from emulator.containers.container_record import ContainerRecord
from emulator.containers.group_form import Container, RestartPolicy
from emulator.containers.probe_watch import ProbeWatch
from emulator.containers.runtime import LOOPBACK, Instance
from emulator.images.image import Image

FIRST_PAUSE_SECONDS, MOST_PAUSE_SECONDS = 0.5, 30.0
"""Between the end of a container and its next start, doubled each time; Azure's are 10 seconds and 5 minutes."""
STEADY_SECONDS = 60.0
"""A container that ran longer starts again after the first pause."""
LOOK_SECONDS = 0.2
"""How often probes are thought of."""
GRACE_SECONDS = 3.0
"""Between asking a container to end and ending it."""
NOT_STARTED = 128
"""The exit code of what this machine could not start."""


class ContainerRun:
    """A thread for one container. Its state is in `record`, what it printed in `log`."""

    def __init__(self, container: Container, policy: RestartPolicy, image: Image) -> None:
        self.name = container.name
        self.record, self.log = ContainerRecord(), ContainerLog()
        self._container, self._policy, self._image = container.properties, policy, image
        self._instance: Instance | None = None
        self._ready = False
        self._stopped, self._started = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=f"container {self.name}", daemon=True)

    def start(self) -> None:
        """Start it; returns when it was started for the first time."""
        self._thread.start()
        self._started.wait()

    def target(self, port: int) -> tuple[str, int] | None:
        """Where it listens for one of its ports; None while it does not run, or is not ready."""
        with self._lock:
            here = self._instance.ports.get(port) if self._instance and self._ready else None
        return (LOOPBACK, here) if here else None

    def ask_to_end(self) -> None:
        """SIGTERM, and no further start."""
        self._stopped.set()
        with self._lock:
            if self._instance:
                self._instance.process.ask_to_end()

    def end(self, deadline: float) -> None:
        """Wait until it has ended; at `deadline` (monotonic seconds) it is ended."""
        if not self._thread.is_alive():
            return
        self._thread.join(max(0.0, deadline - time.monotonic()))
        with self._lock:
            if self._instance:
                self._instance.process.kill()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._keep()
        finally:
            self._started.set()  # nobody waits for ever, whatever went wrong

    def _keep(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        reference = self._container.image
        self.record.event("Pulling", f'pulling image "{reference}"')
        self.record.event("Pulled", f'Successfully pulled image "{reference}"')
        while not self._stopped.is_set():
            begun = time.monotonic()
            code = self._once()
            self._started.set()  # or will not be: this machine could not even start it
            if self._stopped.is_set() or self._policy == "Never" or (self._policy == "OnFailure" and code == 0):
                break
            pause = FIRST_PAUSE_SECONDS if time.monotonic() - begun > STEADY_SECONDS else pause
            self.record.waiting("CrashLoopBackOff")
            self.record.event("BackOff", "Back-off restarting failed container", "Warning")
            if self._stopped.wait(pause):
                break
            pause = min(2 * pause, MOST_PAUSE_SECONDS)
            self.record.restarting()
        if self.record.current["state"] == "Waiting":
            self.record.terminated(0, "Stopped")

    def _once(self) -> int:
        """From one start to its end; the exit code."""
        try:
            instance = runtime.start(self._image, self._container, self.log)
        except (OSError, ValueError) as error:
            self.record.event("Failed", f"Error: {error}", "Warning")
            self.record.terminated(NOT_STARTED, f"Error: {error}")
            return NOT_STARTED
        with self._lock:
            self._instance = instance
            self._ready = self._container.readiness_probe is None
        self.record.event("Created", "Created container")
        self.record.event("Started", "Started container")
        self.record.running()
        self._started.set()
        if self._stopped.is_set():
            instance.process.kill()
        try:
            code = self._watch(instance)
        finally:
            with self._lock:
                self._instance = None
        self.record.terminated(code, "Completed" if code == 0 else "Error")
        return code

    def _watch(self, instance: Instance) -> int:
        """Until it has ended, by itself or for its liveness probe's sake; the exit code."""
        properties = self._container
        liveness = ProbeWatch(properties.liveness_probe, instance.ports)
        readiness = ProbeWatch(properties.readiness_probe, instance.ports)
        look = LOOK_SECONDS if properties.liveness_probe or properties.readiness_probe else None
        deadline: float | None = None
        while (code := instance.process.wait(look)) is None:
            if deadline is not None:
                if time.monotonic() > deadline:
                    instance.process.kill()
                continue
            if readiness.look():
                self.record.event("Unhealthy", f"Readiness probe failed: {readiness.problem}", "Warning")
            if readiness.passing or readiness.failing:
                self._ready = readiness.passing
            if liveness.look():
                self.record.event("Unhealthy", f"Liveness probe failed: {liveness.problem}", "Warning")
            if liveness.failing:
                self.record.event("Killing", "Killing container: it failed its liveness probe")
                instance.process.ask_to_end()
                deadline = time.monotonic() + GRACE_SECONDS
        return code

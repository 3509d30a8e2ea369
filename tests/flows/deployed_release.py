"""Runs of the release deployment, carried out by a worker and watched from outside."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State

from deployments.approval.form_client import Pending, form_of
from deployments.laptop.processes import Child

Found = TypeVar("Found")
SECONDS = 240
"""How long a worker may take from one stop of a run to the next: the machine may be busy."""


@dataclass(frozen=True)
class DeployedRelease:
    """The deployment as it is called in the server, and the worker that serves it."""

    deployment: str
    worker: Child

    def start(self, **parameters: object) -> UUID:
        """A run, as the button of the UI makes it."""
        with get_client(sync_client=True) as client:
            deployment = client.read_deployment_by_name(self.deployment)
            return client.create_flow_run_from_deployment(deployment.id, parameters=parameters).id

    def form(self, run: UUID, besides: str = "") -> Pending:
        """The form that the run waits with, once its key is another."""

        def waiting() -> Pending | None:
            with get_client(sync_client=True) as client:
                read = client.read_flow_run(run)
                assert read.state is not None
                assert not read.state.is_final(), f"{read.state.name}: {read.state.message}"
                form = form_of(client, read)
            return form if form is not None and form.evidence and form.key != besides else None

        return self._until(waiting)

    def end(self, run: UUID) -> State:
        """The run's last state."""

        def ended() -> State | None:
            with get_client(sync_client=True) as client:
                state = client.read_flow_run(run).state
            return state if state is not None and state.is_final() else None

        return self._until(ended)

    def _until(self, found: Callable[[], Found | None]) -> Found:
        deadline = time.monotonic() + SECONDS
        while (what := found()) is None:
            assert time.monotonic() < deadline, self.worker.log.read_text()
            time.sleep(0.2)
        return what

"""Flow runs that the server believes to run although their process ended with an earlier laptop.

Nobody else would end them, and a release among them would hold the only slot of its deployment for ever: the server
keeps the leases of slots in memory.
"""

import json

from pydantic import SecretStr

from deployments.laptop.local_http import request
from deployments.laptop.processes import StartError

REASON = "The laptop was stopped while this ran. Run it again; a release goes on where it stopped."
PAGE = 200


def end_crashed_runs(port: int, password: SecretStr) -> int:
    """Mark every run under way on a server that has only just started as crashed; returns how many.

    Runs that wait (scheduled, suspended, paused with a form) stay as they are. StartError when the server refuses.
    """
    lost = {"flow_runs": {"state": {"type": {"any_": ["RUNNING", "PENDING", "CANCELLING"]}}}, "limit": PAGE}
    ended = 0
    while runs := json.loads(_posted(port, "/api/flow_runs/filter", lost, password)):
        for run in runs:
            crashed = {"state": {"type": "CRASHED", "name": "Crashed", "message": REASON}, "force": True}
            _posted(port, f"/api/flow_runs/{run['id']}/set_state", crashed, password)
            ended += 1
    return ended


def _posted(port: int, path: str, body: object, password: SecretStr) -> bytes:
    status, content = request(port, "POST", path, body, password)
    if status not in (200, 201):
        raise StartError(
            f"the Prefect server answered {status or 'nothing'} to {path} when asked for runs that crashed: "
            f"{content.decode(errors='replace')[:300]}. Look at prefect-server.log, then start again."
        )
    return content

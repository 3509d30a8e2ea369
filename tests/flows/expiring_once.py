"""One look at a stage's lifetimes by a process of its own, at a time of the caller's choice; it is killed before its flow has ended.

python expiring_once.py WORKLOAD STAGE TIME
"""

import os
import signal
import sys
from datetime import datetime

from prefect import flow

from blocks.ledger import Ledger
from blocks.loading import loaded
from flows.fan_out.error_list import ErrorList
from flows.rollout.expire_stage import expire_stage
from tasks.workloads import declared_workload


@flow
def looking(name: str, stage: str, now: str) -> None:
    workload, errors = declared_workload(name), ErrorList()
    expire_stage(errors, loaded(Ledger, "ledger"), workload, workload.stage(stage), datetime.fromisoformat(now), False)
    sys.stdout.write("\n".join([*errors.done, *errors.undone]))
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGKILL)


looking(*sys.argv[1:4])

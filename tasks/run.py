"""Which run of Prefect this is."""

import shutil
import subprocess
from pathlib import Path

from prefect import runtime

from domain.errors import Terminal


def short_run_id() -> str:
    """The flow run's id, shortened for names; the same in every retry and after every resume of that run."""
    run_id = runtime.flow_run.id
    if run_id is None:
        raise Terminal("this works inside a flow run only: call it from a flow")
    return str(run_id).replace("-", "")[:10]


def code_commit() -> str:
    """The git commit of the code that runs; `uncommitted` where there is no git history to ask."""
    return _git("rev-parse", "HEAD") or "uncommitted"


def code_author() -> str:
    """Who wrote that commit, as `Name <address>`; empty where there is no git history to ask."""
    return _git("log", "-1", "--format=%an <%ae>")


def _git(*arguments: str) -> str:
    git = shutil.which("git")
    if git is None:
        return ""
    answer = subprocess.run(
        [git, *arguments], cwd=Path(__file__).parent, capture_output=True, text=True, check=False, timeout=10
    )
    return answer.stdout.strip() if answer.returncode == 0 else ""

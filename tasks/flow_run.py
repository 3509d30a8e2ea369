"""Which run of Prefect this is."""

import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

from prefect import runtime

from domain.declaration.workload import Workload
from domain.errors import Terminal
from tasks.components import code_digest, included_code


def short_run_id() -> str:
    """The flow run's id, shortened for names; the same in every retry and after every resume of that run."""
    run_id = runtime.flow_run.id
    if run_id is None:
        raise Terminal("this works only inside a flow run: call it from a flow")
    return str(run_id).replace("-", "")[:10]


def code_commit(workload: Workload) -> str:
    """The git commit of the workload's own work tree; `uncommitted` where none holds its declaration.

    `COMMIT+12345678` where its files, or those that its steps include, are not those of a commit: the digits are of what they are.
    """
    commit = _git(workload.folder, "rev-parse", "HEAD")
    if commit and not _is_changed(workload):
        return commit
    digests = "".join(code_digest(path) for path in (workload.folder, *included_code(workload)))
    return f"{commit or 'uncommitted'}+{sha256(digests.encode()).hexdigest()[:8]}"


def code_author(workload: Workload) -> str:
    """Who wrote that commit, as `Name <address>`; empty where the files are not those of a commit: nobody knows who changed them."""
    return "" if _is_changed(workload) else _git(workload.folder, "log", "-1", "--format=%an <%ae>")


def _is_changed(workload: Workload) -> bool:
    included = [str(path) for path in included_code(workload)]
    if not all(_git(workload.folder, "ls-files", "--", path) for path in included):
        return True  # it is another repository's, or nobody's: the commit does not say what it is
    return _git(workload.folder, "status", "--porcelain", "--", ".", *included) != ""


def _git(folder: Path, *arguments: str) -> str:
    """The answer about the work tree that tracks the folder; empty where none does, as below a folder that git ignores."""
    git = shutil.which("git")
    if git is None:
        return ""

    def ask(*words: str) -> str:
        told = subprocess.run([git, *words], cwd=folder, capture_output=True, text=True, check=False, timeout=10)
        return told.stdout.strip() if told.returncode == 0 else ""

    return ask(*arguments) if ask("ls-files", "--", "workload.yaml") else ""

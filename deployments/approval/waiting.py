"""Which of the forms that wait somebody means: by its release, as the ledger has it, or by its run."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from blocks.ledger import Ledger
from deployments.approval.form_client import Pending
from domain.errors import SignalboxError, Terminal
from domain.release_name import NAME
from domain.utc import utc_text
from flows.approval.pending import pending_request
from tasks.release_states import release_states
from tasks.workloads import declared_workload


@dataclass(frozen=True)
class Waiting:
    """A form that waits. workload, release, stage: what it is about, by the ledger; empty where the ledger has not asked it."""

    form: Pending
    workload: str = ""
    release: str = ""
    stage: str = ""

    def __str__(self) -> str:
        run = f"run {self.form.run_name} ({self.form.run_id})"
        return f"release {self.release} of {self.workload} to {self.stage}, {run}" if self.release else run


def waiting(ledger: Ledger, workloads: Sequence[str], forms: Sequence[Pending]) -> list[Waiting]:
    """What each form is about."""
    found: list[Waiting] = []
    for form in forms:
        try:
            asked = pending_request(ledger, workloads, form.key).asked
        except Terminal:
            found.append(Waiting(form))
        else:
            found.append(Waiting(form, asked.workload, asked.release, asked.stage or ""))
    return found


def chosen(those: Sequence[Waiting], name: str, workload: str, standing: Callable[[str], str]) -> Pending:
    """The one of that release, or whose run has that name or id; the only one where none is named. Terminal, with those that wait.

    workload: of the release; other workloads' have the same names. Whatever a run is called, it is no release's for that. standing: says of a
    release that does not wait why it does not.
    """
    if NAME.fullmatch(name):
        found = [one for one in those if (one.workload, one.release) == (workload, name)]
    else:
        found = [one for one in those if name in {"", one.form.run_name, str(one.form.run_id)}]
    if len(found) == 1:
        return found[0].form
    listed = "; ".join(map(str, found or those)) or "none"
    if found:
        what = (
            f"{len(found)} runs wait for a decision about {name}"
            if name
            else f"{len(found)} releases wait for a decision"
        )
        raise Terminal(
            f"{what}, but only one is answered at a time; name a release, or its run by id. Waiting: {listed}"
        )
    if not name:
        raise Terminal("no release waits for a decision; `signalbox status` shows the state of the newest ones")
    raise Terminal(f"{name} does not wait for a decision: {standing(name)}. Waiting: {listed}")


def standing_in(ledger: Ledger, workloads: Sequence[str]) -> Callable[[str], str]:
    """How the release of a name stands, in every workload that has one."""

    def standing(name: str) -> str:
        told: list[str] = []
        for workload in workloads:
            with suppress(SignalboxError):  # another workload's fault is no answer
                for state in release_states(ledger, declared_workload(workload), [name]):
                    since = f" since {utc_text(state.at)}" if state.at else ""
                    told.append(f"in {workload} it {state if str(state).startswith('waits') else f'is {state}'}{since}")
        return "; ".join(told) or "no release has that name, and no waiting run either"

    return standing

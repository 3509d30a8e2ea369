"""How a release stands now, by its facts: under way, waiting at a gate, ended, rolled back, held; and whether somebody has to act."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.approval.approvers import EnrolledApprovers
from domain.approval.request import ApprovalRequest, open_request
from domain.approval.verdict import Verdict, judge
from domain.declaration.gate import Gate
from domain.declaration.stage import Stage
from domain.ledger.fact import Fact, Kind, facts_of
from domain.outcome import Outcome
from domain.promotion.next_step import passed
from domain.release.failed_units import failed_units
from domain.release.hold import hold_of
from domain.release.manifest import Release, readable_release
from domain.release.outcome import shown_ending
from domain.rollout.switch import is_part_switched


@dataclass(frozen=True)
class WaitingGate:
    """A gate that nobody has opened yet. missing: what it waits for, in words. answer_by: then the release is EXPIRED.

    overdue: that is past, the run that waited is gone, and it is not approved: no answer counts, and the release has still to end.
    approved: it waits for the calendar alone. part_switched: some circuits serve the release already.
    """

    stage: str
    gate: str
    missing: tuple[str, ...]
    answer_by: datetime
    overdue: bool = False
    approved: bool = False
    part_switched: bool = False

    def __str__(self) -> str:
        if self.approved:
            return f"approved at {self.gate}, and closed for now"
        return f"nobody decided at {self.gate} in time" if self.overdue else f"waits at {self.gate}"


@dataclass(frozen=True)
class ReleaseState:
    """How a release stands. stage, at: of its last fact; `at` is None where its facts cannot be read (fault says why).

    outcome: None while it is under way. reason: of the outcome. rolled_back: stages where it was. held: why; empty where it is not.
    unheld: a person ended a hold. failed: circuits that failed while others went on. serves: whether the last stage was switched to it, and is still.
    """

    release: str
    stage: str = ""
    at: datetime | None = None
    last_fact: str = ""
    outcome: Outcome | None = None
    reason: str = ""
    circuits: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    rolled_back: tuple[str, ...] = ()
    held: str = ""
    unheld: bool = False
    waits: WaitingGate | None = None
    serves: bool = False
    fault: str = ""

    def __str__(self) -> str:
        """In words, without the reasons."""
        if self.fault:
            return "in quarantine"
        said = [self.outcome.value] if self.outcome else [str(self.waits or "under way")]
        said += [f"without {len(self.failed)} of {len(self.circuits)} circuits"] * bool(self.failed)
        if self.rolled_back and self.outcome is not Outcome.ROLLED_BACK:
            said.append(f"rolled back at {', '.join(self.rolled_back)}")
        return ", ".join([*said, *["held"] * bool(self.held)])

    @property
    def ended_badly(self) -> bool:
        """Whether somebody has to act, unless a later release made up for it."""
        red = bool(self.rolled_back) or (self.outcome is not None and not self.outcome.is_green)
        return bool(self.fault or self.held or self.failed or (red and not self.unheld))


def quarantined(release: str, fault: str) -> ReleaseState:
    """Of a release whose facts cannot be read."""
    return ReleaseState(release, fault=fault)


def release_state(
    facts: Sequence[Fact], stages: Sequence[Stage], approvers: Callable[[Gate], EnrolledApprovers], now: datetime
) -> ReleaseState:
    """Of a release with these facts, of a workload with these stages. approvers: asked only of a gate that may wait."""
    release, last = readable_release(facts), facts[-1]
    ended = shown_ending(facts)
    rolled_back = tuple(stage.name for stage in stages if _is_rolled_back(facts, stage))
    hold = hold_of(facts)
    held = f"{hold.stage or 'every stage'}: {hold.body.get('reason')}" if hold is not None else ""
    return ReleaseState(
        release=last.release,
        stage=last.stage or "",
        at=last.at,
        last_fact=last.kind.value,
        outcome=ended.outcome if ended else None,
        reason=ended.reason if ended else "",
        circuits=tuple(str(unit.unit) for unit in release.units) if release is not None else (),
        failed=tuple(failed_units(facts)),
        rolled_back=rolled_back,
        held=held,
        unheld=bool(facts_of(facts, Kind.UNHELD)),
        waits=_waits(release, facts, stages, approvers, now) if release is not None and not ended else None,
        serves=passed(facts, stages[-1]) and not rolled_back and not held,
    )


def needing_somebody(states: Sequence[ReleaseState]) -> tuple[ReleaseState, ...]:
    """Those that wait at a gate for people, and those that ended badly with circuits that no later release serves. states: newest first."""
    served: set[str] = set()
    found: list[ReleaseState] = []
    for state in states:
        concerned = set(state.failed) if state.serves and state.failed else set(state.circuits)
        made_up_for = bool(concerned) and concerned <= served
        asks = state.waits is not None and not state.waits.approved
        if asks or (state.ended_badly and not made_up_for):
            found.append(state)
        if state.serves:
            served.update(set(state.circuits) - set(state.failed))
    return tuple(found)


def _is_rolled_back(facts: Sequence[Fact], stage: Stage) -> bool:
    """Whether that was the last that happened to what serves there."""
    switches = [
        fact.kind for fact in facts if fact.kind in {Kind.SWITCHED, Kind.ROLLED_BACK} and fact.stage == stage.name
    ]
    return bool(switches) and switches[-1] is Kind.ROLLED_BACK


def _waits(
    release: Release,
    facts: Sequence[Fact],
    stages: Sequence[Stage],
    approvers: Callable[[Gate], EnrolledApprovers],
    now: datetime,
) -> WaitingGate | None:
    for stage in stages:
        asked = open_request(release, stage, facts)
        if stage.gate is None or asked is None or passed(facts, stage):
            continue
        verdict = judge(stage, release, facts, approvers(stage.gate), now)
        if verdict.verdict is Verdict.WAITING:
            answer_by = ApprovalRequest.model_validate(asked.body).answer_by
            missing = tuple(reason.removeprefix(f"at {stage.gate.name} ") for reason in verdict.reasons)
            overdue = now > answer_by and not verdict.closed
            part = is_part_switched(facts, stage.name)
            return WaitingGate(stage.name, stage.gate.name, missing, answer_by, overdue, verdict.closed, part)
    return None

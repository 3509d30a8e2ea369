"""Which deployments of an endpoint stay, and which are old: what serves, what a rollback needs, and nothing else of ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from domain.declaration.target import FEWEST_KEPT
from domain.naming import deployment_name, old_deployment_name, release_of
from domain.release_name import NAME, release_order
from domain.rollout.served import READY
from domain.tags import NO_PREVIOUS, RELEASE_ID

SERVES = "serves"
FOR_ROLLBACK = "kept for rollback"


class Deployed(Protocol):
    """A deployment as it is known here. state: Azure's provisioning state."""

    @property
    def name(self) -> str:
        """Unique at its endpoint."""
        ...

    @property
    def state(self) -> str:
        """`Succeeded` when it is ready."""
        ...

    @property
    def tags(self) -> Mapping[str, str]:
        """`release_id` and `previous_deployment` among them, where a release made it."""
        ...


@dataclass(frozen=True)
class RetentionPlan:
    """One endpoint's deployments, each in one of the two with the reason why."""

    stays: Mapping[str, str] = field(default_factory=dict)
    removed: Mapping[str, str] = field(default_factory=dict)


def made_by_release(deployment: Deployed) -> bool:
    """Whether a release made it: it carries the release's tag and that release's name. Nothing else may ever go."""
    release = deployment.tags.get(RELEASE_ID, "")
    return NAME.fullmatch(release) is not None and deployment.name in (
        deployment_name(release),
        old_deployment_name(release),
    )


def plan_retention(deployments: Sequence[Deployed], default: str | None, keep: int = FEWEST_KEPT) -> RetentionPlan:
    """What stays of an endpoint's deployments, and what is removed, with reasons.

    default: what serves. keep: how many stay, what serves included, along `previous_deployment`. Where that chain breaks, the
    next older ready deployment takes the place; where it says that nothing came before, it ends. What half of the removals
    left gives the other half. ValueError for keep < 2.
    """
    if keep < FEWEST_KEPT:
        raise ValueError(
            f"keep is {keep}; {FEWEST_KEPT} or more are kept: the deployment that serves and the one before it"
        )
    there = {one.name: one for one in deployments}
    serving = there.get(default) if default is not None else None
    if serving is None or not made_by_release(serving):
        why = "nothing that a release made serves, so nothing is known to be old"
        return RetentionPlan(stays={name: SERVES if name == default else why for name in there})
    chain = _chain(there, serving, keep)
    stays, removed = {}, {}
    for name, one in there.items():
        if name == default:
            stays[name] = SERVES
        elif name in chain:
            stays[name] = FOR_ROLLBACK
        elif not made_by_release(one):
            stays[name] = "no release made it"
        elif _order(one) >= _order(serving):
            stays[name] = "not older than what serves"
        elif one.state != READY:
            removed[name] = f"is {one.state or 'in no known state'}, and older than what serves"
        else:
            removed[name] = f"older than the {keep} that are kept"
    return RetentionPlan(stays, removed)


def _chain(there: Mapping[str, Deployed], serving: Deployed, keep: int) -> list[str]:
    """What serves, and what a rollback can lead to, newest first. Only ready ones have a place."""
    chain, last, below = [serving.name], serving, _order(serving)
    while len(chain) < keep:
        named = last.tags.get("previous_deployment")
        if named == NO_PREVIOUS:
            break
        before = there.get(named) if named is not None and named not in chain else None
        if before is None or before.state != READY:
            before = _next_older(there, chain, below)
        if before is None:
            break
        chain.append(before.name)
        last = before
        if made_by_release(before):
            below = min(below, _order(before))
    return chain


def _next_older(there: Mapping[str, Deployed], chain: Sequence[str], below: tuple[str, int]) -> Deployed | None:
    found = [one for one in there.values() if one.name not in chain and made_by_release(one) and one.state == READY]
    return max((one for one in found if _order(one) < below), key=lambda one: (_order(one), one.name), default=None)


def _order(deployment: Deployed) -> tuple[str, int]:
    return release_order(release_of(deployment.name))

"""Rollback: to the deployment before, for one circuit or all."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.tags import NO_PREVIOUS
from domain.unit import Unit

MOST_NAMED = 5


@dataclass(frozen=True)
class Standing:
    """What one circuit's endpoint serves, and what its deployment says came before.

    previous: the tag `previous_deployment` of the current deployment. previous_ready: whether that deployment still
    exists and can serve. release: of the current one, as its tags say.
    """

    unit: Unit
    endpoint: str
    current: str | None
    previous: str | None
    previous_ready: bool
    release: str | None = None


def rollback_faults(standings: Sequence[Standing]) -> tuple[str, ...]:
    """Every reason why these cannot be rolled back: all circuits asked for are, or none is."""
    faults = [] if standings else ["no circuit was named; name at least one"]
    seen: set[str] = set()
    for standing in standings:
        if standing.endpoint in seen:
            faults.append(f"{standing.unit}: {standing.endpoint} is named twice; name it once")
        seen.add(standing.endpoint)
        if standing.current is None:
            faults.append(f"{standing.unit}: {standing.endpoint} serves nothing, so there is nothing to roll back")
        elif standing.previous is None or standing.previous == NO_PREVIOUS:
            faults.append(
                f"{standing.unit}: {standing.current} is the first deployment of {standing.endpoint}; "
                "nothing came before it"
            )
        elif standing.previous == standing.current:
            faults.append(
                f"{standing.unit}: {standing.current} names itself as its predecessor; choose a version with "
                f"`signalbox deploy-version {standing.unit} VERSION --stage STAGE --workload NAME`"
            )
        elif not standing.previous_ready:
            faults.append(
                f"{standing.unit}: {standing.previous}, which came before {standing.current}, is gone or not ready; "
                f"deploy that version again with `signalbox deploy-version {standing.unit} VERSION --stage STAGE --workload NAME`"
            )
    return tuple(faults)


def those_alone(standings: Sequence[Standing], workload: str, stage: str) -> str:
    """How to roll back those that can be where others cannot, because all are or none is; empty where that is no help.

    Somebody may have set one back by hand: then what came before it serves already.
    """
    able = [one for one in standings if not rollback_faults([one])]
    releases = {one.release for one in able}
    if not able or len(able) == len(standings):
        return ""
    if (
        len(releases) == 1
        and None not in releases
        and not releases & {one.release for one in standings if one not in able}
    ):
        how = f"--release {releases.pop()}"
    elif len(able) <= MOST_NAMED:
        how = " ".join(f"--circuit {one.unit}" for one in able)
    else:
        how = "--circuit PLANT/CIRCUIT for each"
    return f"{len(able)} of {len(standings)} can be rolled back without the others: `signalbox rollback --stage {stage} --workload {workload} {how}`"

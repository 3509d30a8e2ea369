"""What a release would replace: nothing where it serves already, and nothing of later data without a word."""

from collections.abc import Mapping, Sequence

from blocks.ledger import Ledger
from domain.candidate.changed_circuits import ChangedCircuit, ChangedCircuits
from domain.declaration.stage import Stage
from domain.declaration.target import ServingTarget
from domain.declaration.workload import Workload
from domain.errors import Terminal
from domain.ledger.fact import Fact
from domain.release.manifest import readable_release
from domain.release_name import NAME
from domain.rollout.champion import Champion
from domain.rollout.switch import is_switched
from domain.text import listed_reasons
from domain.unit import Unit
from flows.promotion.earlier_releases import ONLY
from tasks.ledger.facts import read_facts
from tasks.ledger.stored_facts import QuarantinedError
from tasks.platforms import platform_of
from tasks.targets.champions import champions_of

MOST_SHOWN = 5
Champions = Mapping[Unit, Champion]


def replaced(workload: Workload, circuits: Sequence[ChangedCircuit], stage: Stage) -> Champions:
    """What serves these circuits at a stage; nothing where the stage serves nobody."""
    if not isinstance(stage.target, ServingTarget):
        return {}
    return champions_of(platform_of(workload, stage.target), [one.unit for one in circuits])


def are_there(ledger: Ledger, changed: ChangedCircuits, stage: Stage, there: Champions, only: str | None) -> bool:
    """Whether a stage serves exactly these models, deployed from the same commit by a release that switched it to the end.

    only: a chosen version goes to this stage alone; else what a chosen version put there did not pass the stages below.
    """
    served: dict[str, Mapping[Unit, str]] = {}
    for circuit in changed.circuits:
        found = there.get(circuit.unit)
        if found is None or found.fault or (found.model, found.version) != (circuit.model_name, circuit.model_version):
            return False
        if found.release not in served:  # one or a few, however many circuits they serve
            served[found.release] = _served(ledger, changed, found.release, stage, only)
        if served[found.release].get(circuit.unit) != circuit.model_digest:
            return False
    return True


def _served(ledger: Ledger, changed: ChangedCircuits, name: str, stage: Stage, only: str | None) -> Mapping[Unit, str]:
    """Circuit → digest of the model that a release switched a stage to, from this commit; nothing where it did not."""
    facts = _facts(ledger, changed.workload, name)
    release = readable_release(facts)
    if release is None or not is_switched(facts, stage.name) or release.code_commit != changed.code_commit:
        return {}
    if only is None and ONLY in facts[0].body:
        return {}
    return {one.unit: one.model_digest for one in release.units}


def _facts(ledger: Ledger, workload: str, release: str) -> tuple[Fact, ...]:
    try:
        return read_facts(ledger, workload, release) if NAME.fullmatch(release) else ()
    except QuarantinedError:
        return ()


def must_not_be_older(circuits: Sequence[ChangedCircuit], stage: Stage, there: Champions) -> None:
    """Terminal where a stage serves a model of later data."""
    newer = {
        str(one.unit): f"{there[one.unit].name}, trained on data up to {there[one.unit].cutoff}"
        for one in circuits
        if one.unit in there and there[one.unit].is_newer_than(one)
    }
    if newer:
        raise Terminal(
            f"{len(newer)} of these models would replace one of later data at {stage.name}: {listed_reasons(newer, MOST_SHOWN)}. To "
            "roll back, use `signalbox rollback --stage STAGE --workload NAME`; to release older ones anyway, say so with --older (`older` of the flow)"
        )

"""Which newer releases a stage serves: nothing older is put over them."""

from collections.abc import Sequence

from blocks.ledger import Ledger
from domain.declaration.stage import Stage
from domain.declaration.target import ServingTarget
from domain.declaration.workload import Workload
from domain.ledger.fact import Fact
from domain.release.failed_units import active_units
from domain.release.manifest import Release
from domain.rollout.switch import newer_releases
from flows.promotion.earlier_releases import ONLY
from tasks.ledger.facts import read_facts
from tasks.platforms import platform_of
from tasks.targets.serving import serving_of


def newer_on(
    ledger: Ledger, workload: Workload, release: Release, stage: Stage, facts: Sequence[Fact]
) -> dict[str, str]:
    """Endpoint → the newer release that it serves, of the circuits that are still on their way."""
    if not isinstance(stage.target, ServingTarget):
        return {}
    platform = platform_of(workload, stage.target)
    endpoints = [platform.endpoint(unit.unit) for unit in active_units(release, facts)]
    newer = newer_releases(serving_of(platform, endpoints), release.name)
    if stage.gate is not None:
        return newer
    # a version that anybody may choose there ends no release
    return {at: name for at, name in newer.items() if not _is_chosen(ledger, workload.name, name)}


def _is_chosen(ledger: Ledger, workload: str, release: str) -> bool:
    """Whether it carried one chosen version to one stage."""
    facts = read_facts(ledger, workload, release)
    return bool(facts) and ONLY in facts[0].body

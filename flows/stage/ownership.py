"""Nothing of another workload's is touched: asked before a flow does anything."""

from collections.abc import Sequence

from blocks.ledger import Ledger
from domain.declaration.stage import Stage
from domain.declaration.workload import Workload
from domain.errors import Terminal
from domain.text import listed_reasons
from domain.unit import Unit
from tasks.preflight import ownership_faults

MOST_SHOWN = 5


def must_be_own(ledger: Ledger, workload: Workload, units: Sequence[Unit], stages: Sequence[Stage]) -> None:
    """Terminal, with what is whose, where these circuits have another workload's models or endpoints at these stages."""
    faults = {
        f"{name} at {stage.name}": why
        for stage in stages
        for name, why in ownership_faults(ledger, workload, units, stage).items()
    }
    if faults:
        raise Terminal(f"nothing was touched: {listed_reasons(faults, MOST_SHOWN)}")

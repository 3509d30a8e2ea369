"""What the histories release, and the stages that it goes through, as workload.yaml declares them: first so, and edited later."""

from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from cast import AUTHOR, PUBLISHER, REQUESTER

from domain.candidate.changed_circuits import ChangedCircuit, ChangedCircuits
from domain.declaration.stage import Stage
from domain.release.manifest import Release

START = datetime(2025, 12, 10, 12, 0, tzinfo=UTC)
"""A Wednesday noon."""
WORKLOAD = "plants"
NIGHT = {"starts": "2025-12-01T22:00:00", "rule": "FREQ=DAILY", "minutes": 420, "reason": "night shift"}
DAY = {"starts": "2025-12-01T06:00:00", "rule": "FREQ=DAILY", "minutes": 720}
SERVING = {"kind": "batch_endpoint", "compute": "batch-cluster", "vm_size": "Standard_DS3_v2"}
EDITS: dict[str, dict[str, Any]] = {
    "as agreed": {},
    "one approval": {"rules": [{"group": "ml-engineers"}]},
    "one more approval": {
        "rules": [{"group": "ml-engineers", "approvals": 3, "required": ["ada"]}, {"group": "operations"}]
    },
    "another required": {
        "rules": [{"group": "ml-engineers", "approvals": 2, "required": ["grace"]}, {"group": "operations"}]
    },
    "nobody excluded": {"not_by": []},
    "no freeze": {"freezes": []},
    "by day only": {"freezes": [], "windows": [DAY]},
    "no codes": {"proofs": ["ssh", "entra"]},
    "no break-glass": {"break_glass": None},
    "shorter": {"timeout_minutes": 60, "valid_minutes": 30},
    "other words": {"instructions": "Look at the plots."},
}
"""How production's gate may be edited."""


@cache
def stages(edit: str = "as agreed", vm_size: str = "Standard_DS3_v2") -> tuple[Stage, ...]:
    """registry (one approval), test (no gate), production (two rules, somebody required, freeze, break-glass)."""
    gate = {
        "name": "Production-Approval",
        "rules": [{"group": "ml-engineers", "approvals": 2, "required": ["ada"]}, {"group": "operations"}],
        "freezes": [NIGHT],
        "break_glass": {"group": "incident"},
        "instructions": "Look at the test stage.",
    }
    declared = (
        {
            "name": "registry",
            "target": {"kind": "model_registry", "registry": "shared"},
            "gate": {"name": "Registry-Approval", "rules": [{"group": "ml-engineers"}], "instructions": "Look."},
        },
        {
            "name": "test",
            "target": {**SERVING, "workspace": "test"},
            "verification": {"data": "azureml://datastores/store/paths/test-data/{plant}/", "columns": ["power"]},
        },
        {
            "name": "production",
            "target": {**SERVING, "workspace": "production", "vm_size": vm_size},
            "gate": {**gate, **EDITS[edit]},
        },
    )
    return tuple(Stage.model_validate(one) for one in declared)


def manifest(name: str = "20251210.1", circuits: int = 2, version: int = 3) -> Release:
    """A release that rhea requested, of carl's code and petra's data."""
    units = tuple(
        ChangedCircuit(
            plant_id="PLANT001",
            circuit_id=f"CIRCUIT{number:02d}",
            model_name=f"plant001-circuit{number:02d}",
            model_version=str(version),
            model_digest=f"sha256:{version:064x}",
            data_asset=f"PLANT001_CIRCUIT{number:02d}:2025-11-01",
            cutoff_date=date(2025, 11, 1),
            data_report_digest="sha256:" + "b" * 64,
            training_job="train-1",
            metrics={"rmse": 1.5},
            data_publisher=PUBLISHER if number == 1 else "",
        )
        for number in range(1, circuits + 1)
    )
    changed = ChangedCircuits(workload=WORKLOAD, build_id="7", code_commit="c" * 40, code_author=AUTHOR, circuits=units)
    return Release.of(changed, name, START, REQUESTER)

"""A stage as it is declared, as it is asked about, and as it is read again from the request."""

from pathlib import Path

import pytest

from domain.declaration.load import load_workload
from domain.declaration.stage import Stage

WORKLOADS = Path(__file__).parents[3] / "workloads"


@pytest.mark.parametrize("declaration", sorted(WORKLOADS.glob("*/workload.yaml")), ids=lambda path: path.parent.name)
def test_a_request_carries_the_stage_whole(declaration: Path) -> None:
    for stage in load_workload(declaration).stages:
        again = Stage.model_validate(stage.model_dump(mode="json"))
        assert again == stage
        assert again.policy_digest == stage.policy_digest

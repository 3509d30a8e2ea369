"""The schema that is made once is Prefect's own."""

import pytest
from prefect.blocks.core import Block

from deployments.bootstrap import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_a_block_s_schema_is_what_prefect_makes_of_it_and_nobody_can_change_it(kind: type[Block]) -> None:
    fresh = Block.model_json_schema.__func__(kind)
    assert kind.model_json_schema() == fresh
    assert kind.model_json_schema(by_alias=False) == Block.model_json_schema.__func__(kind, by_alias=False)
    kind.model_json_schema()["properties"].clear()
    assert kind.model_json_schema() == fresh
    assert kind._calculate_schema_checksum() == kind._calculate_schema_checksum(fresh)

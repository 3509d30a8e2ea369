"""What a house may be: every real one is allowed, and whatever is allowed gets a price."""

import math
from typing import Any

from engine_service import EngineService
from hypothesis import given, settings
from hypothesis import strategies as some

from workloads.estimation_engine.code.sale_price.tables import CATEGORIES, NUMBERS
from workloads.estimation_engine.service.estimation.house import House
from workloads.estimation_engine.service.estimation.messages import MOST_ROWS


def values(field: dict[str, Any]) -> some.SearchStrategy[Any]:
    """Anything that the schema of one field allows."""
    if "enum" in field:
        return some.sampled_from(field["enum"])
    least, most = field["minimum"], field["maximum"]
    return some.integers(least, most) if field["type"] == "integer" else some.floats(least, most)


HOUSES = some.fixed_dictionaries(
    {name: values(field) for name, field in House.model_json_schema()["properties"].items()}
)


@settings(max_examples=40)
@given(houses=some.lists(HOUSES, min_size=1, max_size=5))
def test_any_house_within_the_bounds_has_a_finite_price_above_zero(
    service: EngineService, houses: list[dict[str, Any]]
) -> None:
    answer = service.ask(*houses)
    assert answer.status_code == 200, answer.text
    prices = [estimate["price"] for estimate in answer.json()["estimates"]]
    assert len(prices) == len(houses)
    assert all(math.isfinite(price) and price > 0 for price in prices)


def test_every_real_sale_lies_within_the_bounds(service: EngineService, rows: list[dict[str, Any]]) -> None:
    for start in range(0, len(rows), MOST_ROWS):
        answer = service.ask(*rows[start : start + MOST_ROWS])
        assert answer.status_code == 200, answer.text


def test_the_service_asks_for_what_the_training_reads() -> None:
    words = {name for name, field in House.model_json_schema()["properties"].items() if "enum" in field}
    assert words == set(CATEGORIES.values())
    assert set(House.model_fields) - words == set(NUMBERS.values())

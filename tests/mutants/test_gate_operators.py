"""The changes do what their examples say."""

import pytest
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Example
from gate_operators import GATE_OPERATORS

EXAMPLES = [(name, example) for name, operator in GATE_OPERATORS.items() for example in operator.examples()]


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_the_example_becomes_what_it_should(name: str, example: Example) -> None:
    changed = mutate_code(example.pre_mutation_code, GATE_OPERATORS[name](), example.occurrence)
    assert changed == example.post_mutation_code

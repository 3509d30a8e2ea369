"""Chance that is the same each time."""

import random


def chance_of(seed: str | float) -> random.Random:
    """It chooses what is killed and what goes wrong, and no secret."""
    return random.Random(seed)  # noqa: S311

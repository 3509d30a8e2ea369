"""A gate: its evidence, its form, its answers."""

"""The same verb for every unit, with progress and collected errors."""

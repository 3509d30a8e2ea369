"""The replay before a switch, and its numbers."""

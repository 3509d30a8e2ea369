"""Registered data → a candidate."""

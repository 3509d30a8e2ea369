"""Environments as YAML files, and their type."""

"""Blobs, and the keys of storage accounts."""

"""Manifests, applied to a cluster."""

"""Batch endpoints of Azure ML."""

"""workload.yaml as types."""

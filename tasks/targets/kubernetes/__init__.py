"""What Helm releases and manifests share of a cluster."""

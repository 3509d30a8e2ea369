"""The commands of `signalbox`, one a file; deployments.cli registers them."""

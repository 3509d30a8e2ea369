"""Container images: what a Dockerfile makes, kept by digest, with or without a Docker engine."""

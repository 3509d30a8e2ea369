"""What is released: the manifest, its built images, failed units, holds."""

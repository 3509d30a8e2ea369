"""The port, in front of everything: proxy, tunnel, certificates."""

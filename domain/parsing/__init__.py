"""Text → values, every fault with its line."""

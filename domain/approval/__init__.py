"""Who approved exactly what, and how it is proven."""

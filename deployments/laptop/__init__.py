"""All on one machine."""

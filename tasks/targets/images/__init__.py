"""Images: built in the registry, found again by their release."""

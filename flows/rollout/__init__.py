"""A stage that serves gets a release."""

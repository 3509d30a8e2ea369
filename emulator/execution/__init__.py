"""Jobs, really run."""

"""User code that starts in a process which has imported what user code commonly needs."""

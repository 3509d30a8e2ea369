"""What commands that only look answer: put together from what was read, without a server; for people and, with --json, for programs."""

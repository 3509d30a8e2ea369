"""What a test or a user sets: faults, pace; and the journal that they read."""

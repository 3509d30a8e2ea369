"""What serves: the switch's journal, retention, rollback, expiry, what a deployment replaced."""

"""What happens next: whether a stage admits a release."""

"""What happens next to a release, whether a stage admits it, and how it stands."""

"""A release moves from stage to stage."""

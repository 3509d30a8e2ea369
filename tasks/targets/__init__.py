"""Where models serve: a room for each kind of target, and what they share."""

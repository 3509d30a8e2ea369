"""What training hands over."""

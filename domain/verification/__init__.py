"""What is measured before and after a switch: smoke tests, replay, golden answers, confirmation."""

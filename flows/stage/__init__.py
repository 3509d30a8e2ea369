"""One release at one stage that it holds."""

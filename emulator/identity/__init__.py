"""Who asks: applications, people, tokens and their keys."""

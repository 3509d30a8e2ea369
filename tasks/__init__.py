"""Retryable verbs, one file a system: values in, frozen values out; SDK types stop here."""

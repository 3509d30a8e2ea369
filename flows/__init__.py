"""The sentences: what runs on Prefect."""

from flows.plain_errors import show_plainly

show_plainly()

"""The sentences: what runs on Prefect."""

from tasks.plain_errors import show_plainly

show_plainly()

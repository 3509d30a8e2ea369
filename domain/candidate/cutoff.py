"""The last day whose data a model may have seen."""

from datetime import date

from domain.errors import Terminal


def check_cutoff(cutoff: date, today: date, data_starts: date) -> None:
    """Terminal, with the reason, unless the day lies in the data and is over. All days are UTC."""
    if cutoff >= today:
        raise Terminal(f"cutoff {cutoff} is not over yet: today is {today} (UTC). Choose a day before today.")
    if cutoff <= data_starts:
        raise Terminal(f"cutoff {cutoff} is not after the data's first day {data_starts}. Choose a later day.")

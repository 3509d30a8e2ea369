"""Days and moments, in UTC."""

from datetime import date

import pandas as pd


def iso(moment: pd.Timestamp) -> str:
    """Return a UTC time as ISO 8601 with Z."""
    return moment.tz_convert("UTC").strftime("%Y-%m-%dT%H:%M:%SZ")


def end_of(day: date) -> pd.Timestamp:
    """Return the midnight that ends `day`, in UTC."""
    return pd.Timestamp(str(day), tz="UTC") + pd.Timedelta(days=1)

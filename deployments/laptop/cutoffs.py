"""Days to show a release with, on data that is known here."""

from collections.abc import Mapping
from datetime import date

CUTOFFS: Mapping[str, tuple[date, ...]] = {
    "plants": (date(2014, 6, 30), date(2014, 9, 30), date(2014, 12, 31), date(2015, 3, 31), date(2015, 6, 30)),
    "estimation_engine": (date(2009, 6, 30), date(2009, 12, 31), date(2010, 6, 30)),
    "flask_app": (date(2013, 3, 31), date(2013, 6, 30), date(2013, 9, 30), date(2013, 12, 31)),
}
"""By workload, in order."""

"""What the prepared flights look like."""

NUMBERS = ("distance", "month", "hour")  # miles; of the scheduled departure, in New York
CATEGORIES = ("origin", "destination", "carrier")
PREDICTORS = (*NUMBERS, *CATEGORIES)
TARGET = "air_time"  # minutes; absent where a flight was cancelled or diverted
PREPARED = ("plant", "circuit", "timestamp", TARGET, *PREDICTORS, "days_before_cutoff")

"""What the prepared data of one circuit looks like."""

CHANNELS = {
    "Ba_avg": "blade_pitch",  # degrees
    "P_avg": "active_power",  # kW
    "Ws_avg": "wind_speed",  # m/s
    "Va_avg": "vane_angle",  # degrees off the nacelle's axis
    "Ot_avg": "outdoor_temperature",  # °C
    "Ya_avg": "nacelle_angle",  # degrees
    "Wa_avg": "wind_direction",  # degrees
}
"""Channels of the source's CSV and what they are called here."""

TARGET = "active_power"
ANGLES = ("nacelle_angle", "wind_direction")
PREDICTORS = ("blade_pitch", "wind_speed", "vane_angle", "outdoor_temperature", *ANGLES)
PREPARED = ("plant", "circuit", "timestamp", TARGET, *PREDICTORS, "days_before_cutoff")

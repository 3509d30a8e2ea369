"""What the prepared sales look like."""

NUMBERS = {
    "Lot_Area": "lot_area",  # square feet
    "Lot_Frontage": "lot_frontage",  # feet along the street; 0 where the source does not know it
    "Gr_Liv_Area": "living_area",  # square feet above ground
    "First_Flr_SF": "first_floor_area",  # square feet
    "Total_Bsmt_SF": "basement_area",  # square feet
    "Bsmt_Unf_SF": "unfinished_basement_area",  # square feet
    "Garage_Area": "garage_area",  # square feet
    "Garage_Cars": "garage_cars",
    "Wood_Deck_SF": "deck_area",  # square feet
    "Open_Porch_SF": "open_porch_area",  # square feet
    "Screen_Porch": "screen_porch_area",  # square feet
    "Mas_Vnr_Area": "masonry_area",  # square feet of masonry veneer
    "Bsmt_Full_Bath": "basement_baths",
    "Full_Bath": "full_baths",
    "Half_Bath": "half_baths",
    "Bedroom_AbvGr": "bedrooms",
    "Kitchen_AbvGr": "kitchens",
    "TotRms_AbvGrd": "rooms",
    "Fireplaces": "fireplaces",
    "Year_Built": "year_built",
    "Year_Remod_Add": "year_remodelled",
    "Longitude": "longitude",  # degrees east
    "Latitude": "latitude",  # degrees north
}
"""Columns of the source that hold numbers, and what they are called here."""

CATEGORIES = {
    "Neighborhood": "neighborhood",
    "MS_Zoning": "zoning",
    "Bldg_Type": "building_type",
    "House_Style": "house_style",
    "Overall_Cond": "overall_condition",
    "Exter_Cond": "exterior_condition",
    "Foundation": "foundation",
    "Bsmt_Exposure": "basement_exposure",
    "Heating_QC": "heating_quality",
    "Central_Air": "central_air",
    "Garage_Finish": "garage_finish",
    "Functional": "functionality",
}
"""Columns of the source that hold words, and what they are called here."""

SOLD_YEAR, SOLD_MONTH, PRICE = "Year_Sold", "Mo_Sold", "Sale_Price"
TARGET = "sale_price"  # US dollars
PREDICTORS = (*NUMBERS.values(), *CATEGORIES.values())
PREPARED = ("plant", "circuit", "timestamp", TARGET, *PREDICTORS, "days_before_cutoff")

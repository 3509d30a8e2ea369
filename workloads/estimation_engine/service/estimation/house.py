"""A house, as a caller describes it: every field that the model reads, with the bounds within which it is believed.

The bounds are wider than the sales of Ames, Iowa, from 2006 to 2010 (Dean De Cock, Journal of Statistics Education 19,
2011) that models learn from. The words are the source's own.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


def _number(least: float, most: float, unit: str) -> object:
    return Field(ge=least, le=most, description=unit)


def _count(most: int) -> object:
    return Field(ge=0, le=most, description="how many")


SQUARE_FEET = "square feet"
Quality = Literal["Excellent", "Good", "Typical", "Fair", "Poor"]


class House(BaseModel):
    """One house. Every field is needed; a field with another name is refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    lot_area: Annotated[float, _number(500, 300_000, SQUARE_FEET)]
    lot_frontage: Annotated[float, _number(0, 500, "feet along the street; 0 where it is not known")]
    living_area: Annotated[float, _number(200, 8_000, "square feet above ground")]
    first_floor_area: Annotated[float, _number(200, 8_000, SQUARE_FEET)]
    basement_area: Annotated[float, _number(0, 8_000, SQUARE_FEET)]
    unfinished_basement_area: Annotated[float, _number(0, 8_000, SQUARE_FEET)]
    garage_area: Annotated[float, _number(0, 3_000, SQUARE_FEET)]
    garage_cars: Annotated[int, _count(10)]
    deck_area: Annotated[float, _number(0, 3_000, SQUARE_FEET)]
    open_porch_area: Annotated[float, _number(0, 2_000, SQUARE_FEET)]
    screen_porch_area: Annotated[float, _number(0, 2_000, SQUARE_FEET)]
    masonry_area: Annotated[float, _number(0, 3_000, "square feet of masonry veneer")]
    basement_baths: Annotated[int, _count(10)]
    full_baths: Annotated[int, _count(10)]
    half_baths: Annotated[int, _count(10)]
    bedrooms: Annotated[int, _count(20)]
    kitchens: Annotated[int, _count(10)]
    rooms: Annotated[int, _count(40)]
    fireplaces: Annotated[int, _count(10)]
    year_built: Annotated[int, _number(1800, 2100, "year")]
    year_remodelled: Annotated[int, _number(1800, 2100, "year; that of building where it never was")]
    longitude: Annotated[float, _number(-93.8, -93.4, "degrees east")]
    latitude: Annotated[float, _number(41.9, 42.2, "degrees north")]
    neighborhood: Literal[
        "Bloomington_Heights",
        "Blueste",
        "Briardale",
        "Brookside",
        "Clear_Creek",
        "College_Creek",
        "Crawford",
        "Edwards",
        "Gilbert",
        "Green_Hills",
        "Greens",
        "Hayden_Lake",
        "Iowa_DOT_and_Rail_Road",
        "Landmark",
        "Meadow_Village",
        "Mitchell",
        "North_Ames",
        "Northpark_Villa",
        "Northridge",
        "Northridge_Heights",
        "Northwest_Ames",
        "Old_Town",
        "Sawyer",
        "Sawyer_West",
        "Somerset",
        "South_and_West_of_Iowa_State_University",
        "Stone_Brook",
        "Timberland",
        "Veenker",
    ]
    zoning: Literal[
        "A_agr",
        "C_all",
        "Floating_Village_Residential",
        "I_all",
        "Residential_High_Density",
        "Residential_Low_Density",
        "Residential_Medium_Density",
    ]
    building_type: Literal["OneFam", "TwoFmCon", "Duplex", "Twnhs", "TwnhsE"]
    house_style: Literal[
        "One_Story",
        "One_and_Half_Fin",
        "One_and_Half_Unf",
        "Two_Story",
        "Two_and_Half_Fin",
        "Two_and_Half_Unf",
        "SFoyer",
        "SLvl",
    ]
    overall_condition: Literal[
        "Very_Excellent",
        "Excellent",
        "Very_Good",
        "Good",
        "Above_Average",
        "Average",
        "Below_Average",
        "Fair",
        "Poor",
        "Very_Poor",
    ]
    exterior_condition: Quality
    foundation: Literal["BrkTil", "CBlock", "PConc", "Slab", "Stone", "Wood"]
    basement_exposure: Literal["Gd", "Av", "Mn", "No", "No_Basement"]
    heating_quality: Quality
    central_air: Literal["Y", "N"]
    garage_finish: Literal["Fin", "RFn", "Unf", "No_Garage"]
    functionality: Literal["Typ", "Min1", "Min2", "Mod", "Maj1", "Maj2", "Sev", "Sal"]

"""Extract, prepare and split: what is refused, what is left for the expectations, and that the hold-out comes last."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from tabular_data.input_error import InputError
from trained_model.features import features
from trained_model.model_folder import LoadedModel
from workloads.estimation_engine.code.sale_price.evaluate import evaluate
from workloads.estimation_engine.code.sale_price.extract import extract, read_sales
from workloads.estimation_engine.code.sale_price.prepare import prepare
from workloads.estimation_engine.code.sale_price.split import split
from workloads.estimation_engine.code.sale_price.tables import PREPARED

CUTOFF = date(2010, 3, 31)


@pytest.fixture(scope="module")
def frame(table: pd.DataFrame) -> pd.DataFrame:
    return prepare(extract(table, "SALEPRICE", CUTOFF)[0], "AMES", "SALEPRICE", CUTOFF)[0]


def test_a_sales_time_is_the_first_day_of_its_month_and_none_is_after_the_cutoff(table: pd.DataFrame) -> None:
    rows, summary = extract(table, "SALEPRICE", date(2008, 2, 29))
    assert (rows["timestamp"].dt.day == 1).all()
    assert rows["timestamp"].is_monotonic_increasing
    assert (summary["first"], summary["last"]) == ("2006-01-01T00:00:00Z", "2008-02-01T00:00:00Z")
    assert summary["source_last"] == "2010-07-01T00:00:00Z"
    sold = table[["Year_Sold", "Mo_Sold"]].astype("int64")
    assert len(rows) == ((sold["Year_Sold"] < 2008) | ((sold["Year_Sold"] == 2008) & (sold["Mo_Sold"] <= 2))).sum()


def test_rows_carry_plant_circuit_and_their_age_at_the_end_of_the_cutoff_day(frame: pd.DataFrame) -> None:
    assert tuple(frame.columns) == PREPARED
    assert set(frame["plant"]) == {"AMES"}
    assert frame["days_before_cutoff"].iloc[-1] == 31  # from the first of March to the end of its last day


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty: not even a header line"),
        ("a,b\n1,2\n", r"lacks the column\(s\) Year_Sold, Mo_Sold, .*; it has a, b"),
        ('a,b\n"1,2\n', "lacks the column|is not a readable CSV file"),
    ],
)
def test_a_file_that_is_not_the_sales_is_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "sales.csv").write_text(content)
    with pytest.raises(InputError, match=message):
        read_sales(tmp_path / "sales.csv")


def test_no_file_and_no_rows_are_refused(table: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"sales\.csv does not exist; its folder holds nothing\."):
        read_sales(tmp_path / "sales.csv")
    table.head(0).to_csv(tmp_path / "sales.csv", index=False)
    with pytest.raises(InputError, match="has a header and no rows"):
        read_sales(tmp_path / "sales.csv")


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("Lot_Area", "large", r"1 value\(s\) of column Lot_Area are not finite numbers: line 7: 'large'"),
        ("Mo_Sold", "13", r"column Mo_Sold are not months: line 7: '13'"),
        ("Mo_Sold", "", "column Mo_Sold are not months"),
        ("Year_Sold", "20.5", "column Year_Sold are not years"),
    ],
)
def test_a_value_that_cannot_be_read_is_refused_with_its_line(
    table: pd.DataFrame, column: str, value: str, message: str
) -> None:
    spoilt = table.copy()
    spoilt.loc[7, column] = value
    with pytest.raises(InputError, match=message):
        extract(spoilt, "SALEPRICE", CUTOFF)


def test_another_circuit_and_a_cutoff_before_the_data_are_refused(table: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="Circuit RENT is not in the data, which has SALEPRICE"):
        extract(table, "RENT", CUTOFF)
    with pytest.raises(InputError, match="lies before the data, which starts at 2006-01-01T00:00:00Z"):
        extract(table, "SALEPRICE", date(2005, 12, 31))


def test_missing_values_stay_and_their_share_is_told(table: pd.DataFrame) -> None:
    gappy = table.assign(Lot_Area=table["Lot_Area"].where(table.index % 2 == 0, ""), Sale_Price="")
    rows, summary = prepare(extract(gappy, "SALEPRICE", CUTOFF)[0], "AMES", "SALEPRICE", CUTOFF)
    assert rows["lot_area"].isna().mean() == pytest.approx(0.5, abs=0.05)
    assert summary["null_share"]["sale_price"] == 1  # type: ignore[index]  # a JSON object
    assert summary["mean_price"] is None


def test_the_holdout_is_the_last_days_and_sales_without_a_price_are_in_neither_part(frame: pd.DataFrame) -> None:
    gappy = frame.assign(sale_price=frame["sale_price"].where(frame.index % 3 != 0))
    training, holdout, periods = split(gappy, CUTOFF, 181)
    assert training["timestamp"].max() < holdout["timestamp"].min()
    assert not pd.concat([training, holdout])["sale_price"].isna().any()
    assert periods == {
        "training_from": "2006-01-01T00:00:00Z",
        "training_to": "2009-10-01T00:00:00Z",
        "holdout_from": "2009-10-02T00:00:00Z",
        "holdout_to": "2010-04-01T00:00:00Z",
    }


@pytest.mark.parametrize(
    ("cutoff", "days", "message"),
    [
        (CUTOFF, 0, "holdout_days is 0: at least one day must be held out"),
        (CUTOFF, 1400, "The training period has .* sales with a price and needs 500"),
        (date(2012, 3, 31), 14, "The hold-out has 0 sales .* needs 50"),
    ],
)
def test_a_split_that_leaves_too_little_is_refused(frame: pd.DataFrame, cutoff: date, days: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        split(frame, cutoff, days)


def test_data_without_a_needed_column_is_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(InputError, match=r"The data lacks the column\(s\) rooms: prepare it again"):
        split(frame.drop(columns="rooms"), CUTOFF, 181)
    with pytest.raises(InputError, match=r"lacks the column\(s\) rooms, which the model reads"):
        features(frame.drop(columns="rooms"), ["rooms"], {})


def test_absent_values_and_words_never_seen_are_estimated_all_the_same(
    frame: pd.DataFrame, loaded: LoadedModel
) -> None:
    odd = frame.tail(20).assign(neighborhood="Elsewhere", lot_area=float("nan"), garage_finish=None)
    estimates = pd.Series(loaded.predict(odd))
    assert estimates.between(10_000, 1_000_000).all()


def test_a_champion_that_was_trained_on_held_out_sales_is_told(frame: pd.DataFrame, loaded: LoadedModel) -> None:
    _, holdout, periods = split(frame, date(2009, 10, 31), 181)
    result, predictions = evaluate(holdout, periods, loaded, loaded)
    assert result["warnings"] == [
        "The champion was trained on sales up to 2009-10-01T00:00:00Z, so it has seen held-out sales."
    ]
    assert result["candidate"] == result["champion"]
    assert len(predictions) == len(holdout)

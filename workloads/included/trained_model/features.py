"""How a row of columns becomes a row of numbers: the columns in order, and for each column of words the list in which a word's place is its number."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from tabular_data.input_error import InputError


def features(
    frame: pd.DataFrame, columns: Sequence[str], categories: Mapping[str, Sequence[str]]
) -> npt.NDArray[np.float64]:
    """Return numbers for every row; words that are not in `categories` become NaN, as absent values are."""
    if absent := [name for name in columns if name not in frame.columns]:
        raise InputError(f"The data lacks the column(s) {', '.join(absent)}, which the model reads. Prepare it again.")
    numbers = {
        name: frame[name].map({word: code for code, word in enumerate(categories[name])})
        if name in categories
        else frame[name]
        for name in columns
    }
    return pd.DataFrame(numbers).to_numpy(dtype="float64")

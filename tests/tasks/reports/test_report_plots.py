"""The report's plots: equal data give equal drawings, in any thread, and nothing that is written breaks one."""

import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

from tasks.reports.plots import BINS, _edges, circuit_plot, comparison_plot, gains_plot
from tasks.verification.prediction_errors import errors_of

COMPARED = [("P/C1", 50.0, 60.0), ("P/C2", 70.0, 65.0), ("P/C3", 40.0, None)]


def predicted(measured: list[object]) -> pd.DataFrame:
    """Half-daily rows; the candidate says 3, the champion −4."""
    times = pd.date_range("2014-06-01", periods=len(measured), freq="12h", tz="UTC")
    return pd.DataFrame({"timestamp": times, "power": measured, "candidate": 3.0, "champion": -4.0})


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314  # what we drew ourselves, without entities


@pytest.mark.parametrize(
    ("measured", "left_out"),
    [
        ([None, 1, 2], 1),
        ([math.inf, 1, 2], 1),
        (["broken", "1", "2"], 1),
        ([1e300, 1, 2], 1),
        ([1e99, -1e99, 0], 0),
        ([1e-300, 0, 0], 0),
        ([5, 5, 5], 0),
        ([5], 0),
        ([True, False], 0),
    ],
)
def test_rows_that_are_no_numbers_are_left_out_and_the_rest_is_drawn(measured: list[object], left_out: int) -> None:
    errors = errors_of(predicted(measured))
    assert errors.left_out == left_out
    parsed(circuit_plot("P/C1", errors, "plot1"))


def test_both_models_share_the_bins_of_the_histogram() -> None:
    edges = _edges(errors_of(predicted([0, 0, 0])))
    assert len(edges) == BINS + 1
    assert (edges[0], edges[-1]) == (-4, 3)


DRAWINGS: list[Callable[[], str]] = [
    lambda: comparison_plot(COMPARED, "rmse", True),
    lambda: gains_plot([1.0, -2.0, 0.0, 30.5]),
    lambda: circuit_plot("P/C1", errors_of(predicted([0, 0, 0])), "plot1"),
    lambda: circuit_plot("P/C2", errors_of(predicted([0, 0, 0]).drop(columns="champion")), "plot2"),
]


@pytest.fixture(scope="module")
def drawn() -> list[str]:
    return [draw() for draw in DRAWINGS]


def test_a_plot_is_whole_xml_with_a_title_and_no_address_but_names_of_formats(drawn: list[str]) -> None:
    for svg in drawn:
        assert parsed(svg).tag == "{http://www.w3.org/2000/svg}svg"
        assert set(re.findall(r"https?://[^\"]+", svg)) == {
            "http://www.w3.org/2000/svg",
            "http://www.w3.org/1999/xlink",
        }
        assert "<title id=" in svg
        assert "scale(0.09 -0.09)" in svg and "scale(0.015625)" in svg  # letters keep their size
        assert "<!--" not in svg


def test_ids_are_unique_in_a_page_and_every_reference_finds_its_own(drawn: list[str]) -> None:
    ids = [one for svg in drawn for one in re.findall(r'\sid="([^"]+)"', svg)]
    assert len(ids) == len(set(ids))
    for svg in drawn:
        own = set(re.findall(r'\sid="([^"]+)"', svg))
        assert set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', svg))
        assert {a or b for a, b in re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', svg)} <= own


def test_threads_draw_the_same_as_one_and_leave_the_settings_alone(drawn: list[str]) -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda draw: draw(), DRAWINGS * 2))
    assert together == drawn * 2
    assert dict(mpl.rcParams) == before


def test_other_settings_of_the_process_change_nothing(drawn: list[str]) -> None:
    import matplotlib as mpl

    with mpl.rc_context({"font.size": 20, "svg.fonttype": "none", "axes.facecolor": "black"}):
        assert [draw() for draw in DRAWINGS] == drawn


@pytest.mark.parametrize(
    "name", ["$x{", r"$\frac", "<script>alert(1)</script>", "--><b>", "]]>", "a" * 500, "two\nlines"]
)
def test_names_are_text_whatever_they_look_like(name: str) -> None:
    errors = errors_of(predicted([0, 0, 0]).rename(columns={"power": name}))
    for svg in (comparison_plot([(name, 1.0, 2.0)], name, True), circuit_plot(name, errors, "plot1")):
        root = parsed(svg)
        assert name in (root[0].text or "")
        assert {element.tag.partition("}")[2] for element in root.iter()} <= {
            "svg", "title", "defs", "style", "g", "path", "use", "clipPath", "rect",
        }  # fmt: skip

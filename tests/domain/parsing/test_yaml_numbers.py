"""Numbers of a declaration: what YAML would read as another one is refused with its line, and in linear time."""

import pytest

from domain.parsing.yaml_document import read_yaml


@pytest.mark.parametrize(
    "written",
    [
        "017",
        "0100",
        "-01",
        "0x10",
        "0b11",
        "0o17",
        "1:30",
        "1:30:00.5",
        "1_000",
        "+0_1",
        "9" * 20,
        pytest.param("1" + ":10" * 80_000, id="quadratic"),
    ],
)
def test_what_is_no_plain_number_is_refused_with_its_line(written: str) -> None:
    document = read_yaml("workload.yaml", f"name: plants\ndays: {written}\n")
    if "days" in document.values and isinstance(document.values["days"], str):
        return  # YAML itself takes it for text, and so does whoever needs a number
    assert len(document.faults) == 1
    assert document.faults[0].startswith("workload.yaml:2: days: ")
    assert "decimal digits" in document.faults[0]
    assert len(document.faults[0]) < 300
    assert document.values["days"] is None


@pytest.mark.parametrize(
    ("written", "value"), [("0", 0), ("28", 28), ("-3", -3), ("+7", 7), ("0.97", 0.97), ("1.", 1.0), ("1.5e+3", 1500.0)]
)
def test_plain_numbers_are_read(written: str, value: float) -> None:
    document = read_yaml("workload.yaml", f"days: {written}\n")
    assert document.faults == ()
    assert document.values["days"] == value

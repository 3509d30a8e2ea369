"""A text that is no YAML: its line, and what to do, never the parser's names for its own parts."""

import re

import pytest

from domain.errors import InvalidDeclaration
from domain.parsing.yaml_advice import LOOK
from domain.parsing.yaml_document import read_yaml

FOREIGN = re.compile(r"<|while (scanning|parsing)|\bstream\b|\bscalar\b|\btoken\b|\bnode\b|\bexpected\b")
"""What PyYAML says."""
UNFIT = "this line does not continue what stands before it; check its indentation"
QUOTED = "a value cannot start with "


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("name: plants\n  prefix: x\n", 2, "a colon stands where no key can; check the indentation of this line"),
        ("a: b: c\n", 1, "a colon stands where no key can"),
        ("  name: plants\nprefix: x\n", 2, UNFIT),
        ("- a\nb: c\n", 2, UNFIT),
        ("a: 1\n- b\n", 2, UNFIT),
        ("a:\n  - b\n c: d\n", 3, UNFIT),
        ("a: |\n  x\n y\nb: c\n", 3, UNFIT),
        ("a: 'b' c\n", 1, UNFIT),
        ("{a: b} c\n", 1, UNFIT),
        ("a: b\n...\nc: d\n", 3, UNFIT),
        ("a:\n\tb: c\n", 2, "a tab stands where spaces must; indent with spaces"),
        ("a: b\nd: 'b\nc: d\n", 4, "a quote is never closed; it opens on line 2"),
        ('a: "b\\qc"\n', 1, r"a backslash in double quotes stands for something else; use single quotes, or write \\"),
        ('a: "\\xZZ"\n', 1, "a backslash in double quotes"),
        ("a: b\nc: [b, c\nd: e\n", 3, "a comma or the closing ] is missing; the list or mapping opens on line 2"),
        ("a: {b: c\n", 2, "a comma or the closing } is missing; the list or mapping opens on line 1"),
        ("a: b\nc: ]\n", 2, "a value is missing here, or a comma or bracket is one too many"),
        ("a: [b,, c]\n", 1, "a value is missing here"),
        ("a: b\njustaword\nc: d\n", 3, "line 2 has no colon; write it as `key: value`"),
        ("a: %b\n", 1, f"{QUOTED}%; put it in quotes"),
        ("a: @b\n", 1, f"{QUOTED}@; put it in quotes"),
        ("a: *.txt\n", 1, f"{QUOTED}* or &; put it in quotes"),
        ("a: & b\n", 1, f"{QUOTED}* or &; put it in quotes"),
        ("a: &x b\nc: &x d\n", 2, f"{QUOTED}* or &; put it in quotes"),
        ("a: !x!y z\n", 1, f"{QUOTED}!; put it in quotes"),
        ("a: !<x z\n", 1, f"{QUOTED}!; put it in quotes"),
        ("a: |x\n  y\n", 1, "text after | or > begins on the next line, indented"),
        ("a: b\n---\nc: d\n", 2, "a second document begins; keep one, without a line of ---"),
        ("a: b\nc: \0\n", 2, "an invisible character stands here; delete it"),
        ("%YAML 3.0\n---\na: b\n", 1, LOOK),
    ],
)
def test_what_is_no_yaml_is_told_with_its_line_and_what_to_do(text: str, line: int, told: str) -> None:
    with pytest.raises(InvalidDeclaration) as refused:
        read_yaml("workload.yaml", text)
    (fault,) = refused.value.faults
    assert fault.startswith(f"workload.yaml:{line}: not YAML: {told}")
    assert not FOREIGN.search(fault)


def test_half_a_character_is_no_text_wherever_it_stands() -> None:
    document = read_yaml("workload.yaml", 'name: plants\ndescription: "\\ud800"\n"\\udfff": 1\n')
    assert document.faults == (r"workload.yaml:2: description: '\ud800' cannot be read as text",)
    assert document.values == {"name": "plants", "description": None, r"\udfff": 1}

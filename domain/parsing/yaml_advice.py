"""Why a text is not YAML, in words that a person can act on: PyYAML names its own parts, such as `<block end>`."""

import re

import yaml

LOOK = "check the indentation, quotes and brackets of this line and the one before"
ADVICE = (
    (r"found character '\\t'", "a tab stands where spaces must; indent with spaces"),
    (r"found character '(.)'", r"a value cannot start with \1; put it in quotes"),
    (r"while scanning an (alias|anchor)|duplicate anchor", "a value cannot start with * or &; put it in quotes"),
    (r"\btag\b", "a value cannot start with !; put it in quotes"),
    (r"unexpected end of stream", "a quote is never closed; it opens on line {opens}"),
    (r"escape", r"a backslash in double quotes stands for something else; use single quotes, or write \\\\"),
    (r"expected ',' or '(.)'", r"a comma or the closing \1 is missing; the list or mapping opens on line {opens}"),
    (r"node content", "a value is missing here, or a comma or bracket is one too many"),
    (r"could not find expected ':'", "line {opens} has no colon; write it as `key: value`, or indent it as text"),
    (
        r"mapping values are not allowed",
        "a colon stands where no key can; check the indentation of this line, and put text with a colon in quotes",
    ),
    (r"chomping|indentation indicator", "text after | or > begins on the next line, indented"),
    (r"another document|document separator", "a second document begins; keep one, without a line of ---"),
    (r"special characters", "an invisible character stands here; delete it"),
    (
        r"<block end>|<document start>|entries are not allowed|keys are not allowed",
        "this line does not continue what stands before it; check its indentation, and that quotes and brackets close at the end of a value",
    ),
)
"""Its words, as a pattern → ours; the first that is found counts."""


def not_yaml(error: yaml.YAMLError, text: str) -> tuple[int, str]:
    """The line, and what is wrong with what to do."""
    line, opens, said = 1, 1, str(error)
    if isinstance(error, yaml.MarkedYAMLError):
        marks = [mark.line + 1 for mark in (error.context_mark, error.problem_mark) if mark is not None]
        line, opens = (marks[-1], marks[0]) if marks else (1, 1)
        said = ", ".join(part for part in (error.context, error.problem) if part)
    elif isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
    for pattern, advice in ADVICE:
        if found := re.search(pattern, said):
            return line, f"not YAML: {found.expand(advice).replace('{opens}', str(opens))}"
    return line, f"not YAML: {LOOK}"

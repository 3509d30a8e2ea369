"""Dockerfiles as they are read: instructions, variables, and what is refused."""

import pytest

from emulator.images.build_failure import BuildFailedError
from emulator.images.dockerfile import parse_dockerfile
from emulator.images.substitution import pairs, words


def test_lines_are_joined_and_comments_left_out() -> None:
    text = """# syntax=docker/dockerfile:1
ARG VERSION=3.11
FROM python:$VERSION AS base

RUN echo one && \\
    # a comment between
    echo two

copy --from=base --chown=1:1 a \\
  b /app/
CMD ["python", "-m", "app"]
"""
    found = parse_dockerfile(text)
    assert [one.word for one in found] == ["ARG", "FROM", "RUN", "COPY", "CMD"]
    assert found[2].rest.split() == ["echo", "one", "&&", "echo", "two"]
    assert (found[3].line, found[3].flag("from"), found[3].rest.split()) == (9, "base", ["a", "b", "/app/"])
    assert found[3].text.startswith("COPY --from=base --chown=1:1 a")
    assert found[4].listed() == ("python", "-m", "app")
    assert found[2].listed() is None


def test_flags_belong_to_instructions_that_have_them() -> None:
    _, check, run = parse_dockerfile("FROM scratch\nHEALTHCHECK --start-period=5s CMD true\nCMD --help")
    assert check.flags == (("start-period", "5s"),)
    assert (run.flags, run.rest) == ((), "--help")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the Dockerfile cannot be empty"),
        ("# only words\n\n", "the Dockerfile cannot be empty"),
        ("RUN true\nFROM scratch", "the first instruction must be FROM"),
        ("FROM scratch\n\nRUUN true", "error on line 3: unknown instruction: RUUN"),
        ("FROM scratch\nSHELL ['x']", "line 2: SHELL cannot be honoured"),
        ("FROM scratch\nRUN <<EOF\ntrue\nEOF", "line 2: RUN with a heredoc"),
        ("FROM scratch\nCOPY <<-'END' /x\nEND", "line 2: COPY with a heredoc"),
        ("FROM scratch\nWORKDIR", "line 2: WORKDIR requires at least one argument"),
        ("# escape=`\nFROM scratch", "line 1: the escape character"),
    ],
)
def test_what_is_no_dockerfile_is_refused_with_its_line(text: str, reason: str) -> None:
    with pytest.raises(BuildFailedError, match=reason):
        parse_dockerfile(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$A ${A}b 'a $A' \"a $A\"", ["x y", "x yb", "a $A", "a x y"]),
        ("${NONE:-other} ${A:+there} ${NONE:+there}z ${NONE}", ["other", "there", "z", ""]),
        (r"one\ word \$A \"", ["one word", "$A", '"']),
        ("''", [""]),
    ],
)
def test_variables_and_quotes(text: str, expected: list[str]) -> None:
    assert words(text, {"A": "x y"}) == expected


def test_pairs_have_a_new_and_an_old_form() -> None:
    assert pairs('A=1 B="x y" C=$Z', {"Z": "z z"}) == {"A": "1", "B": "x y", "C": "z z"}
    assert pairs("GREETING hello there", {}) == {"GREETING": "hello there"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [("A", "must have a value"), ("A=1 B", "can't find = in 'B'"), ("A='1", "looking for matching '")],
)
def test_pairs_that_are_none_are_refused(text: str, reason: str) -> None:
    with pytest.raises(BuildFailedError, match=reason):
        pairs(text, {})

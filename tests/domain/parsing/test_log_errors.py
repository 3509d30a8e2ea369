"""What people are told of a log: the exception, where it was raised, and never the word Traceback alone."""

import pytest

from domain.parsing.log_errors import errors_of_log

RAISED = """\
2026-01-01 INFO starting
Traceback (most recent call last):
  File "/azureml/app/driver.py", line 90, in run
    result = module.run(batch)
             ^^^^^^^^^^^^^^^^^
  File "/azureml/app/score.py", line 4, in run
    raise ValueError('column wind_speed is missing in input.csv')
ValueError: column wind_speed is missing in input.csv
ERROR: run() failed on 1 files
"""
CAUSED = """\
Traceback (most recent call last):
  File "a.py", line 1, in <module>
    {}["power"]
KeyError: 'power'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "C:\\\\jobs\\\\b.py", line 3, in <module>
    raise RuntimeError("no power") from error
RuntimeError: no power
"""


def test_the_exception_comes_first_with_its_file_and_line() -> None:
    assert errors_of_log(RAISED) == (
        "ValueError: column wind_speed is missing in input.csv (score.py, line 4)",
        "ERROR: run() failed on 1 files",
    )


def test_what_ended_it_comes_before_its_cause() -> None:
    assert errors_of_log(CAUSED) == ("RuntimeError: no power (b.py, line 3)", "KeyError: 'power' (a.py, line 1)")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ()),
        ("INFO all well\nno ERRORS, no TERROR\n", ()),
        ("FATAL disk\nFATAL disk\n", ("FATAL disk",)),
        ("Traceback (most recent call last):\n", ()),
        (
            'Traceback (most recent call last):\n  File "s.py", line 2, in run\n',
            ("an exception whose text is not in the log (s.py, line 2)",),
        ),
        (
            '2026-01-01 ERROR worker: Traceback (most recent call last):\n  File "s.py", line 2, in run\n    x\nMemoryError\n',
            ("MemoryError (s.py, line 2)",),
        ),
        (
            "  File \"score.py\", line 1\n    def run(\n           ^\nSyntaxError: '(' was never closed\n",
            ("SyntaxError: '(' was never closed (score.py, line 1)",),
        ),
        (
            'Traceback (most recent call last):\nTraceback (most recent call last):\n  File "s.py", line 2\nOSError: [Errno 28]\n',
            ("OSError: [Errno 28] (s.py, line 2)",),
        ),
        ("ERROR " + "x" * 9999, ("ERROR " + "x" * 494,)),
    ],
)
def test_logs_of_all_kinds(text: str, told: tuple[str, ...]) -> None:
    assert errors_of_log(text) == told


def test_a_log_of_errors_alone_is_cut_and_read_once() -> None:
    text = "".join(f"ERROR {number}\n" for number in range(100_000)) + RAISED
    told = errors_of_log(text)
    assert len(told) == 20
    assert told[0].startswith("ValueError: column wind_speed")

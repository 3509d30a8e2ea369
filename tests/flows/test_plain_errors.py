"""What a person did wrong is a sentence in the logs; what nobody foresaw keeps its traceback."""

import pytest
from prefect import flow, get_run_logger, task

from domain.errors import Terminal


@task
def verb(kind: type[Exception]) -> None:
    raise kind("the circuit R9 is not in the data")


@flow
def stops(kind: type[Exception]) -> None:
    verb(kind)


@pytest.mark.usefixtures("laptop")
def test_our_own_refusals_have_no_traceback_and_others_have(caplog: pytest.LogCaptureFixture) -> None:
    assert stops(Terminal, return_state=True).is_failed()
    assert "the circuit R9 is not in the data" in caplog.text
    assert "Traceback" not in caplog.text
    assert stops(KeyError, return_state=True).is_failed()
    assert "Traceback" in caplog.text


@flow
def repeats(text: str) -> None:
    get_run_logger().warning("the source says %s", text)


@pytest.mark.usefixtures("laptop")
def test_a_text_that_would_act_on_a_terminal_is_logged_and_does_not(caplog: pytest.LogCaptureFixture) -> None:
    repeats("\x1b[2Jgone\r\u202eand back")
    [line] = [one.getMessage() for one in caplog.records if "the source says" in one.getMessage()]
    assert "gone" in line
    assert line.isprintable()

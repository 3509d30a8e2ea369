"""All messages stand on one page, and none says in a word of an earlier day what the field has a word for."""

import messages
import pytest


def test_the_page_is_what_the_code_says() -> None:
    assert messages.PAGE.read_text() == messages.page(), "run `make messages`"
    assert messages.page().count("\n- ") > 1000


def test_no_message_uses_a_word_that_was_retired() -> None:
    found = {line: words for line in messages.page().splitlines() if (words := messages.retired_words(line))}
    assert found == {}


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ("the release climbs its stages", "'climbs' is 'promote, stage' here"),
        ("it Went Back to what served", "'Went Back' is 'roll back, rollback' here"),
        ("its seal is wrong", "'seal' is 'signed, signature' here"),
    ],
)
def test_a_retired_word_is_found_with_the_one_for_it(said: str, instead: str) -> None:
    assert messages.retired_words(said) == [instead]
    assert messages.retired_words("signalbox seal 1: the sealant, a climber, giving a refund back") == []


def test_texts_are_found_with_their_gaps_and_docstrings_are_not() -> None:
    source = '''
"""A docstring that reads like words."""
LIMIT = 3
"""A docstring of a constant."""
def f(x):
    """A docstring of a function."""
    raise ValueError(f"the stage {x} has " + "no gate of its own" if x else "nothing was found here")
KEY = "a-key"
'''
    assert list(messages.messages_of(source)) == ["the stage {…} has no gate of its own", "nothing was found here"]

"""All messages stand on one page, and neither they nor the pages and the help say in a word of an earlier day what the field has a word for."""

from pathlib import Path

import messages
import pytest

ROOT = Path(__file__).parents[2]


def test_the_page_is_what_the_code_says() -> None:
    assert messages.PAGE.read_text() == messages.page(), "run `make messages`"
    assert messages.page().count("\n- ") > 1000


def test_no_message_uses_a_word_that_was_retired() -> None:
    found = {line: words for line in messages.page().splitlines() if (words := messages.retired_words(line))}
    assert found == {}


def test_no_page_and_no_help_uses_a_word_that_was_retired() -> None:
    texts = {file: messages.prose_of(file.read_text()) for pattern in messages.PAGES for file in ROOT.glob(pattern)}
    assert len(texts) > 30
    del texts[messages.PAGE]
    modules = [file for pattern in messages.SHOWN for file in ROOT.glob(pattern)]
    assert len(modules) > 15
    texts |= {file: messages.prose_of("\n".join(messages.docstrings_of(file.read_text()))) for file in modules}
    assert {file.name: words for file, text in texts.items() if (words := messages.retired_words(text))} == {}


def test_what_a_page_quotes_keeps_its_name_and_what_it_says_does_not() -> None:
    page = "The `way back` is\n```yaml\nseal: the roster\n```\nin [a fencing token](0001-a-fence.md); it goes back."
    assert messages.retired_words(messages.prose_of(page)) == ["'goes back' is 'roll back, rollback' here"]


def test_what_help_says_is_found() -> None:
    source = '''"""Of the roster."""
SAID = "the roster"
class A:
    """It climbs."""
    async def f(self):
        """It goes back."""
'''
    assert list(messages.docstrings_of(source)) == ["Of the roster.", "It climbs.", "It goes back."]


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ("the release climbs its stages", "'climbs' is 'promote, stage' here"),
        ("it Went Back to what served", "'Went Back' is 'roll back, rollback' here"),
        ("its seal is wrong", "'seal' is 'signed, signature' here"),
        ("a lease with a fencing number", "'fencing number' is 'fencing token' here"),
        ("the fence in its tags", "'fence' is 'fencing token' here"),
        ("promoting model m:1 to shared", "'promoting model' is 'publish' here"),
        ("models are promoted in order", "'models are promoted' is 'publish' here"),
        ("promote to the registry", "'promote to the registry' is 'publish' here"),
        ("it answers another question", "'another question' is 'approval request' here"),
        ("this code is already spent", "'code is already spent' is 'used, use once' here"),
        ("it lacks a key", "'lacks' is 'has no, is missing' here"),
        ("Nor were 3 others", "'Nor were' is 'more were not' here"),
    ],
)
def test_a_retired_word_is_found_with_the_one_for_it(said: str, instead: str) -> None:
    assert messages.retired_words(said) == [instead]
    unlike = "signalbox seal 1: the sealant, a climber, giving a refund back; declare path, question and answers"
    assert messages.retired_words(unlike) == []
    assert messages.retired_words("a release is promoted to registry, test and production") == []


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

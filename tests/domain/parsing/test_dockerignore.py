"""What a .dockerignore leaves out, by the rules of Docker's documentation."""

import pytest

from domain.errors import Terminal
from domain.parsing.dockerignore import DockerIgnore


@pytest.mark.parametrize(
    ("text", "path", "out"),
    [
        ("secret.json", "secret.json", True),
        ("secret.json", "deep/secret.json", False),
        ("/secret.json", "secret.json", True),
        ("deep", "deep/er/secret.json", True),
        ("deep/", "deep/secret.json", True),
        ("*/temp*", "one/temporary.txt", True),
        ("*/temp*", "one/two/temporary.txt", False),
        ("temp?", "tempa", True),
        ("temp?", "temp", False),
        ("**/*.key", "a.key", True),
        ("**/*.key", "one/two/a.key", True),
        ("one/**", "one/two/a.key", True),
        ("one/**/a.key", "one/a.key", True),
        ("[ab].txt", "b.txt", True),
        ("[ab].txt", "c.txt", False),
        (r"\*.txt", "a.txt", False),
        ("*.md\n!README.md", "README.md", False),
        ("*.md\n!README*.md\nREADME-secret.md", "README-secret.md", True),
        ("!README.md\n*.md", "README.md", True),
        ("# secret.json\n\n  \n.", "secret.json", False),
        ("  one/../secret.json  ", "secret.json", True),
        ("a.b", "aXb", False),
        ("../secret.json", "secret.json", False),
        ("**/secrets\n!one/two/secrets/readme.md", "one/two/secrets/key", True),
        ("**/secrets\n!one/two/secrets/readme.md", "one/two/secrets/readme.md", False),
    ],
)
def test_the_last_rule_that_fits_decides(text: str, path: str, out: bool) -> None:
    assert DockerIgnore.parse(text).leaves_out(path) is out


def test_a_pattern_that_is_none_is_refused_with_its_line() -> None:
    with pytest.raises(Terminal, match=r"\.dockerignore: '\[z-a\]' is not a pattern"):
        DockerIgnore.parse("fine\n[z-a]")

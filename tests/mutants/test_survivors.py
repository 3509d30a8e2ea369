"""Which mutants are made, and when the list of those that may survive is refused."""

from pathlib import Path

import pytest
from allowed import FIELDS, as_entries, read_allowed, stale
from mutant import Mutant, mutants_of

GUARD = '''"""A guard; 7 or not."""


class Guard:
    @property
    def shut(self) -> int | None:
        return self.hours > 3 or None


def opens(guard: Guard) -> bool:
    if guard.shut is None:
        return True
    return False
'''


@pytest.fixture
def mutants(tmp_path: Path) -> list[Mutant]:
    (tmp_path / "guard.py").write_text(GUARD)
    return mutants_of(tmp_path, "guard.py")


def test_every_decision_is_changed_and_neither_words_nor_types_are(mutants: list[Mutant]) -> None:
    assert {(mutant.within, mutant.number, mutant.becomes) for mutant in mutants} == {
        ("Guard.shut", 5, ""),
        ("Guard.shut", 7, "return self.hours > 3 and None"),
        ("Guard.shut", 7, "return False or None"),
        ("Guard.shut", 7, "return self.hours > 3 or False"),
        ("Guard.shut", 7, "return self.hours <= 3 or None"),
        ("Guard.shut", 7, "return self.hours >= 3 or None"),
        ("Guard.shut", 7, "return self.hours != 3 or None"),
        ("Guard.shut", 7, "return self.hours > 4 or None"),
        ("Guard.shut", 7, "return self.hours > 2 or None"),
        ("opens", 11, "if guard.shut is not None:"),
        ("opens", 11, "if False:"),
        ("opens", 11, "if True:"),
        ("opens", 12, "return False"),
        ("opens", 13, "return True"),
    }


def test_what_is_printed_can_be_put_into_the_list(mutants: list[Mutant], tmp_path: Path) -> None:
    path = tmp_path / "survivors.yaml"
    path.write_text(as_entries(mutants).replace("reason: ''", "reason: it is only an example"))
    assert set(read_allowed(path)) == {mutant.key for mutant in mutants}
    assert stale(read_allowed(path), mutants, [], mutants) == []


def test_an_entry_without_a_reason_is_refused(mutants: list[Mutant], tmp_path: Path) -> None:
    path = tmp_path / "survivors.yaml"
    path.write_text(as_entries(mutants))
    with pytest.raises(SystemExit, match="a reason"):
        read_allowed(path)


def test_an_entry_that_stands_twice_is_refused(mutants: list[Mutant], tmp_path: Path) -> None:
    path = tmp_path / "survivors.yaml"
    path.write_text(as_entries(mutants[:1] * 2).replace("reason: ''", "reason: it is only an example"))
    with pytest.raises(SystemExit, match="twice"):
        read_allowed(path)


def test_an_entry_that_a_test_notices_by_now_is_out_of_date(mutants: list[Mutant]) -> None:
    allowed = {mutants[0].key: "it is only an example"}
    assert stale(allowed, mutants, killed=mutants[:1], lived=[]) == [
        f"a test notices it now: {' | '.join(mutants[0].key)}"
    ]
    assert stale(allowed, mutants, killed=mutants[1:], lived=[]) == []


def test_an_entry_of_code_that_is_gone_is_out_of_date(mutants: list[Mutant]) -> None:
    gone = dict(zip(FIELDS, ("guard.py", "opens", "if guard.locked:", "if True:"), strict=False))
    elsewhere = ("another.py", "opens", "if guard.locked:", "if True:")
    allowed = {tuple(gone.values()): "it is only an example", elsewhere: "its module was not looked at"}
    assert stale(allowed, mutants, killed=[], lived=[]) == [
        "no such mutant: guard.py | opens | if guard.locked: | if True:"
    ]

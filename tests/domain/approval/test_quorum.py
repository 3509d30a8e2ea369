"""Who counts for which rule: nobody twice, nobody where only another could, and as many as can."""

import random
from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.approval.quorum import missing_approvals
from domain.declaration.gate import Rule

PEOPLE = ("ada", "bob", "cem", "dia", "eve")
GROUPS = ("data", "ops", "security")


def by(**groups: str) -> dict[str, frozenset[str]]:
    """Approvers with their groups, a blank between."""
    return {name: frozenset(names.split()) for name, names in groups.items()}


@pytest.mark.parametrize(
    ("rule", "approvers", "missing"),
    [
        (Rule(group="ops"), {}, ("1 more of ops must approve",)),
        (Rule(group="ops"), by(ada="data"), ("1 more of ops must approve",)),
        (Rule(group="ops"), by(ada="ops"), ()),
        (Rule(group="ops"), by(ada="ops", bob="ops"), ()),
        (Rule(group="ops", approvals=3), {}, ("3 more of ops must approve",)),
        (Rule(group="ops", approvals=3), by(ada="ops"), ("2 more of ops must approve",)),
        (Rule(group="ops", approvals=3), by(ada="ops", bob="ops"), ("1 more of ops must approve",)),
        (Rule(group="ops", approvals=3), by(ada="ops", bob="ops", cem="ops"), ()),
        (Rule(group="ops", approvals=20), by(**{f"p{n}": "ops" for n in range(20)}), ()),
        (Rule(group="ops", approvals=20), by(**{f"p{n}": "ops" for n in range(19)}), ("1 more of ops must approve",)),
    ],
)
def test_a_rule_counts_members_of_its_group(
    rule: Rule, approvers: Mapping[str, Set[str]], missing: tuple[str, ...]
) -> None:
    assert missing_approvals([rule], approvers) == missing


@pytest.mark.parametrize(
    ("approvers", "missing"),
    [
        ({}, ("ada must approve for ops", "1 more of ops must approve")),
        (by(ada="ops"), ("1 more of ops must approve",)),
        (by(bob="ops"), ("ada must approve for ops",)),
        (by(bob="ops", cem="ops", dia="ops"), ("ada must approve for ops",)),
        (by(ada="ops", bob="ops"), ()),
        (by(ada="data", bob="ops"), ("ada must approve for ops",)),
        (by(ada="ops", bob="data"), ("1 more of ops must approve",)),
    ],
)
def test_a_required_member_has_a_place_that_nobody_else_fills(
    approvers: Mapping[str, Set[str]], missing: tuple[str, ...]
) -> None:
    assert missing_approvals([Rule(group="ops", approvals=2, required=("ada",))], approvers) == missing


def test_several_required_members_are_named_one_by_one() -> None:
    rule = Rule(group="ops", approvals=3, required=("ada", "bob"))
    assert missing_approvals([rule], by(bob="ops", cem="ops")) == ("ada must approve for ops",)
    assert missing_approvals([rule], by(cem="ops")) == ("ada must approve for ops", "bob must approve for ops")
    assert missing_approvals([rule], by(ada="ops", bob="ops", cem="ops")) == ()


def test_a_required_member_counts_for_no_other_rule() -> None:
    rules = [Rule(group="data"), Rule(group="ops", required=("ada",))]
    assert missing_approvals(rules, by(ada="data ops")) == ("1 more of data must approve",)
    assert missing_approvals(rules, by(ada="data ops", bob="data ops")) == ()


def test_whoever_is_in_two_groups_takes_one_place() -> None:
    rules = [Rule(group="data"), Rule(group="ops")]
    assert len(missing_approvals(rules, by(ada="data ops"))) == 1
    assert missing_approvals(rules, by(ada="data ops", bob="data ops")) == ()


def test_one_person_twice_is_no_quorum_of_two_rules_of_the_same_group() -> None:
    rules = [Rule(group="ops"), Rule(group="ops")]
    assert missing_approvals(rules, by(ada="ops")) == ("1 more of ops must approve",)
    assert missing_approvals(rules, by(ada="ops", bob="ops")) == ()


def test_nobody_fills_a_place_that_only_another_rule_leaves_them() -> None:
    """Counted one after the other, ada would go to data and bob, who is in data only, to nothing."""
    rules = [Rule(group="data"), Rule(group="ops")]
    assert missing_approvals(rules, by(ada="data ops", bob="data")) == ()
    assert missing_approvals(rules[::-1], by(ada="data ops", bob="ops")) == ()


def test_a_chain_of_moves_is_found() -> None:
    """Each must leave the first place for the last, who can go nowhere else."""
    rules = [Rule(group=f"g{number}") for number in range(6)]
    chain = {f"p{number}": frozenset({f"g{number}", f"g{number + 1}"}) for number in range(5)}
    assert missing_approvals(rules, {**chain, "p9": frozenset({"g0"})}) == ()
    assert missing_approvals(rules, chain) != ()


def test_no_rules_miss_nothing() -> None:
    assert missing_approvals([], by(ada="ops")) == ()


def some_rules() -> st.SearchStrategy[list[Rule]]:
    """Up to three rules; each name is required by one at most, as a gate demands."""

    def build(groups: list[str], places: list[int], owners: list[int]) -> list[Rule]:
        required = [tuple(name for name, owner in zip(PEOPLE, owners, strict=True) if owner == n) for n in range(3)]
        return [
            Rule(group=group, approvals=max(1, len(names) + more), required=names)
            for group, more, names in zip(groups, places, required, strict=False)
        ]

    return st.builds(
        build,
        st.lists(st.sampled_from(GROUPS), min_size=1, max_size=3),
        st.lists(st.integers(0, 2), min_size=3, max_size=3),
        st.lists(st.sampled_from([0, 1, 2, 8, 9, 9, 9]), min_size=len(PEOPLE), max_size=len(PEOPLE)),
    )


some_approvers = st.dictionaries(st.sampled_from(PEOPLE), st.frozensets(st.sampled_from(GROUPS)))


def every_count(rules: Sequence[Rule], approvers: Mapping[str, Set[str]]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """What is missing, as a number and in words, for every way to send each approver to one rule or to none."""
    required = {name for rule in rules for name in rule.required}
    others = [name for name in approvers if name not in required]
    for places in product(range(-1, len(rules)), repeat=len(others)):
        number, words = 0, []
        for at, rule in enumerate(rules):
            absent = [name for name in rule.required if rule.group not in approvers.get(name, ())]
            words += [f"{name} must approve for {rule.group}" for name in absent]
            here = [name for name, place in zip(others, places, strict=True) if place == at]
            count = sum(rule.group in approvers[name] for name in here)
            free = max(0, rule.approvals - len(rule.required) - count)
            words += [f"{free} more of {rule.group} must approve"] if free else []
            number += len(absent) + free
        yield number, tuple(words)


@given(some_rules(), some_approvers)
def test_as_few_are_missing_as_in_the_best_of_all_ways_to_count(
    rules: list[Rule], approvers: dict[str, frozenset[str]]
) -> None:
    ways = set(every_count(rules, approvers))
    fewest = min(number for number, _ in ways)
    assert missing_approvals(rules, approvers) in {words for number, words in ways if number == fewest}


@given(some_rules(), some_approvers, st.randoms(use_true_random=False))
def test_the_order_of_the_approvals_changes_nothing(
    rules: list[Rule], approvers: dict[str, frozenset[str]], chance: random.Random
) -> None:
    names = list(approvers)
    chance.shuffle(names)
    assert missing_approvals(rules, {name: approvers[name] for name in names}) == missing_approvals(rules, approvers)


def test_the_answer_is_the_same_in_every_process() -> None:
    """What is missing is shown and stored: it must not depend on how Python hashes names, which differs each time."""
    rules = [Rule(group="data"), Rule(group="ops"), Rule(group="security")]
    answers = {missing_approvals(rules, {f"a{n}": {"data", "ops"}, f"b{n}": {"data", "security"}}) for n in range(100)}
    assert len(answers) == 1

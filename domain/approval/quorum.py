"""Who counts for which rule of a gate."""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from domain.declaration.gate import Rule


@dataclass(frozen=True)
class Missing:
    """What one rule still waits for. named: required members; others: how many besides; some: whether anybody counts for it already."""

    group: str
    named: tuple[str, ...]
    others: int
    some: bool


def missing_approvals(rules: Sequence[Rule], approvers: Mapping[str, Set[str]]) -> tuple[str, ...]:
    """What is still missing, in words; none when all rules are met. approvers: name → groups; each counts once."""
    words: list[str] = []
    for one in missing_by_rule(rules, approvers):
        words += [f"{name} must approve for {one.group}" for name in one.named]
        if one.others:
            words.append(f"{one.others} more of {one.group} must approve")
    return tuple(words)


def missing_by_rule(rules: Sequence[Rule], approvers: Mapping[str, Set[str]]) -> tuple[Missing, ...]:
    """Of every rule that is not met. approvers: name → groups; each counts once.

    A required member takes the place that is theirs. All others count where they leave the fewest approvals missing: a
    maximum bipartite matching, so that nobody fills a place that only another could.
    """
    required = {name for rule in rules for name in rule.required}
    counted = _counted(rules, {name: groups for name, groups in approvers.items() if name not in required})
    missing: list[Missing] = []
    for number, rule in enumerate(rules):
        absent = tuple(name for name in rule.required if not _may(approvers, name, rule))
        others = rule.approvals - len(rule.required) - counted[number]
        if absent or others:
            some = len(absent) + others < rule.approvals
            missing.append(Missing(rule.group, absent, others, some))
    return tuple(missing)


def _may(approvers: Mapping[str, Set[str]], name: str, rule: Rule) -> bool:
    return rule.group in approvers.get(name, frozenset())


def _counted(rules: Sequence[Rule], approvers: Mapping[str, Set[str]]) -> Counter[int]:
    """How many approvals fall to each rule, by its number."""
    from networkx import Graph  # takes 0.3 s to import, and most commands never get here
    from networkx.algorithms.bipartite import hopcroft_karp_matching

    # numbers, for networkx keeps nodes in sets: names in them would have another order, and answer, in every process
    people = list(enumerate(sorted(approvers)))
    graph: Graph[int | tuple[int, int]] = Graph()
    graph.add_nodes_from(person for person, _ in people)
    for number, rule in enumerate(rules):
        for place in range(rule.approvals - len(rule.required)):
            graph.add_edges_from((person, (number, place)) for person, name in people if _may(approvers, name, rule))
    matching = hopcroft_karp_matching(graph, top_nodes=[person for person, _ in people])
    return Counter(matching[person][0] for person, _ in people if person in matching)

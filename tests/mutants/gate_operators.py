"""Changes that matter where something must be refused, and that cosmic-ray does not make itself.

Each `examples()` is tried by test_gate_operators.py.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import parso
from cosmic_ray.operators.operator import Example, Operator

Node = Any  # parso ships no types of its nodes
Spot = tuple[int, str]
"""Which child of a node, and the code that takes its place."""


class Substitution(Operator):
    """Puts other code in the place of one child of a node."""

    def spots(self, node: Node) -> Iterator[Spot]:
        """Every change that can be made to a node."""
        raise NotImplementedError

    def mutation_positions(self, node: Node) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
        """Where they are."""
        for child, _ in self.spots(node):
            yield node.children[child].start_pos, node.children[child].end_pos

    def mutate(self, node: Node, index: int) -> Node:
        """Make one of them."""
        child, code = list(self.spots(node))[index]
        node.children[child] = parso.parse(f" {code}")
        return node

    @classmethod
    def examples(cls) -> Sequence[Example]:
        """Before and after."""
        raise NotImplementedError


class ForceCondition(Substitution):
    """A condition that never holds, or always: the early return is gone, or nothing else is left."""

    def spots(self, node: Node) -> Iterator[Spot]:
        """Conditions of if, elif, while, of comprehensions and of conditional expressions."""
        children = getattr(node, "children", ())
        if node.type in {"if_stmt", "while_stmt"}:
            places = [place + 1 for place, child in enumerate(children) if _is(child, {"if", "elif", "while"})]
        else:
            places = {"comp_if": [1], "test": [2]}.get(node.type, [])
        for place in places:
            yield place, "False"
            yield place, "True"

    @classmethod
    def examples(cls) -> Sequence[Example]:
        """Before and after."""
        return (
            Example("if a:\n    return b\n", "if False:\n    return b\n"),
            Example("if a: pass\nelif b: pass\n", "if a: pass\nelif True: pass\n", occurrence=3),
            Example("x = [a for a in b if a]", "x = [a for a in b if False]"),
            Example("x = a if b else c", "x = a if True else c", occurrence=1),
        )


class DropOperand(Substitution):
    """One of several conditions is not looked at."""

    def spots(self, node: Node) -> Iterator[Spot]:
        """Each operand of `and` and `or`."""
        neutral = {"and_test": "True", "or_test": "False"}.get(node.type)
        if neutral is not None:
            for place in range(0, len(node.children), 2):
                yield place, neutral

    @classmethod
    def examples(cls) -> Sequence[Example]:
        """Before and after."""
        return (
            Example("x = a or b", "x = False or b"),
            Example("x = a and b and c", "x = a and b and True", occurrence=2),
        )


class DropSpread(Substitution):
    """One of the sources that are spread into a tuple or list is left out."""

    def spots(self, node: Node) -> Iterator[Spot]:
        """Each `*something` of a tuple or list."""
        if node.type == "star_expr":
            yield 1, "()"

    @classmethod
    def examples(cls) -> Sequence[Example]:
        """Before and after."""
        return (Example("x = (*a, *b)", "x = (*a, * ())", occurrence=1),)


class DropAddition(Substitution):
    """What should be added to a list is not."""

    def spots(self, node: Node) -> Iterator[Spot]:
        """The right side of `+=`."""
        if node.type == "expr_stmt" and _is(node.children[1], {"+="}):
            yield 2, "()"

    @classmethod
    def examples(cls) -> Sequence[Example]:
        """Before and after."""
        return (Example("faults += more(a)", "faults += ()"),)


class SwapMembership(Substitution):
    """`in` for `not in`, and the other way: cosmic-ray's comparisons leave them out."""

    def spots(self, node: Node) -> Iterator[Spot]:
        """Each membership test."""
        if node.type == "comparison":
            for place in range(1, len(node.children), 2):
                operator = " ".join(node.children[place].get_code().split())
                if operator in {"in", "not in"}:
                    yield place, "in" if operator == "not in" else "not in"

    @classmethod
    def examples(cls) -> Sequence[Example]:
        """Before and after."""
        return (Example("x = a in b", "x = a not in b"), Example("x = a not in b", "x = a in b"))


class SwapAnyAll(Substitution):
    """`any` for `all`, and the other way."""

    def spots(self, node: Node) -> Iterator[Spot]:
        """Each call of them."""
        if node.type in {"atom_expr", "power"} and _is(node.children[1].get_first_leaf(), {"("}):
            other = {"any": "all", "all": "any"}.get(getattr(node.children[0], "value", ""))
            if other:
                yield 0, other

    @classmethod
    def examples(cls) -> Sequence[Example]:
        """Before and after."""
        return (Example("x = any(a)", "x = all(a)"), Example("x = not all(a)", "x = not any(a)"))


class DropException(Substitution):
    """An error is not caught."""

    def spots(self, node: Node) -> Iterator[Spot]:
        """The error of an except clause, or each of several."""
        if node.type == "except_clause":
            errors = _places(node.children[1])
            for number in range(max(1, len(errors))):
                yield 1, _without(errors, number) if errors else "()"

    @classmethod
    def examples(cls) -> Sequence[Example]:
        """Before and after."""
        return (
            Example("try: a()\nexcept b.C as d: pass\n", "try: a()\nexcept () as d: pass\n"),
            Example("try: a()\nexcept (B, C): pass\n", "try: a()\nexcept (B,): pass\n", occurrence=1),
        )


class DropPair(Substitution):
    """Two tuples are compared without one of their places."""

    def spots(self, node: Node) -> Iterator[Spot]:
        """Each place of `(a, b) == (c, d)`; the whole comparison is the child that is replaced."""
        for place, child in enumerate(getattr(node, "children", ())):
            if child.type == "comparison" and len(child.children) == 3 and _is(child.children[1], {"==", "!="}):
                left, right = _places(child.children[0]), _places(child.children[2])
                if len(left) == len(right) > 1:
                    for number in range(len(left)):
                        yield place, f"{_without(left, number)} {child.children[1].value} {_without(right, number)}"

    @classmethod
    def examples(cls) -> Sequence[Example]:
        """Before and after."""
        return (Example("x = (a, b) != (c, d)", "x = (a,) != (c,)", occurrence=1),)


def _is(leaf: Node, values: set[str]) -> bool:
    return getattr(leaf, "value", None) in values


def _places(node: Node) -> list[str]:
    """The elements of a tuple in parentheses; none of anything else."""
    if node.type != "atom" or not _is(node.children[0], {"("}) or node.children[1].type != "testlist_comp":
        return []
    elements = node.children[1].children
    return [one.get_code().strip() for one in elements[::2]] if _is(elements[1], {","}) else []


def _without(elements: list[str], number: int) -> str:
    rest = elements[:number] + elements[number + 1 :]
    return f"({', '.join(rest)}{',' if len(rest) == 1 else ''})"


GATE_OPERATORS: dict[str, type[Substitution]] = {
    operator.__name__: operator
    for operator in (
        ForceCondition,
        DropOperand,
        DropSpread,
        DropAddition,
        SwapMembership,
        SwapAnyAll,
        DropException,
        DropPair,
    )
}

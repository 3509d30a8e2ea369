"""One small change of one module, and all of those that are made."""

import ast
import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator
from gate_operators import GATE_OPERATORS

# Each comparison becomes its opposite, and those two that differ from it for one order of its sides only; a test that
# tells these three from the original tells all others, too (Kaminski, Ammann and Offutt, 2013).
COMPARISONS = {
    "Eq": ("NotEq", "LtE", "GtE"),
    "NotEq": ("Eq", "Lt", "Gt"),
    "Lt": ("GtE", "LtE", "NotEq"),
    "LtE": ("Gt", "Lt", "Eq"),
    "Gt": ("LtE", "GtE", "NotEq"),
    "GtE": ("Lt", "Gt", "Eq"),
    "Is": ("IsNot",),
    "IsNot": ("Is",),
}
OTHERS = (
    "ReplaceUnaryOperator_Delete_Not",
    "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue",
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
    "ExceptionReplacer",
    "NumberReplacer",
    "RemoveDecorator",
    "ZeroIterationForLoop",
)


@dataclass(frozen=True)
class Mutant:
    """module: its path in the tree. where: the line's number. line and becomes: without indentation. code: the whole module."""

    module: str
    operator: str
    where: int
    line: str
    becomes: str
    code: str
    diff: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What a list of survivors names it by: it stays the same when other lines move."""
        return self.module, self.line, self.becomes


def operators() -> dict[str, Operator]:
    """Every operator that is used, by its name."""
    names = [f"ReplaceComparisonOperator_{old}_{new}" for old, others in COMPARISONS.items() for new in others]
    found = {name: get_operator(f"core/{name}")() for name in (*names, *OTHERS)}
    return found | {name: operator() for name, operator in GATE_OPERATORS.items()}


def mutants_of(tree: Path, module: str) -> list[Mutant]:
    """All changes of a module, in the order of its lines; the same code from two operators counts once."""
    source = (tree / module).read_text(encoding="utf-8")
    found: dict[str, Mutant] = {}
    for name, operator in operators().items():
        for occurrence in range(_count(source, operator)):
            code = mutate_code(source, operator, occurrence)
            if code not in found and _another_program(source, code):
                found[code] = _mutant(module, name, source, code)
    return sorted(found.values(), key=lambda mutant: mutant.where)


def _count(source: str, operator: Operator) -> int:
    return sum(len(list(operator.mutation_positions(node))) for node in ast_nodes(get_ast(source)))


def _another_program(source: str, code: str) -> bool:
    """Whether it compiles, and to something else."""
    try:
        return ast.dump(ast.parse(code)) != ast.dump(ast.parse(source))
    except SyntaxError:
        return False


def _mutant(module: str, operator: str, source: str, code: str) -> Mutant:
    diff = list(difflib.unified_diff(source.splitlines(), code.splitlines(), lineterm="", n=0))[2:]
    heading = re.match(r"@@ -(\d+)", diff[0])
    assert heading is not None
    return Mutant(
        module=module,
        operator=operator,
        where=int(heading[1]),
        line=" ".join(_lines(diff, "-")),
        becomes=" ".join(_lines(diff, "+")),
        code=code,
        diff="\n".join(diff),
    )


def _lines(diff: list[str], sign: str) -> Iterator[str]:
    yield from (line[1:].strip() for line in diff if line.startswith(sign))

"""One small change of one module, and all of those that are made."""

import ast
import difflib
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
    "NumberReplacer",
    "RemoveDecorator",
    "ZeroIterationForLoop",
)


@dataclass(frozen=True)
class Mutant:
    """module: its path in the tree. within: the class or function. line and becomes: code without indentation, on one line."""

    module: str
    within: str
    line: str
    becomes: str
    number: int
    operator: str
    code: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What a list of survivors names it by: it stays the same when other lines move."""
        return self.module, self.within, self.line, self.becomes


def operators() -> dict[str, Operator]:
    """Every operator that is used, by its name."""
    names = [f"ReplaceComparisonOperator_{old}_{new}" for old, others in COMPARISONS.items() for new in others]
    found = {name: get_operator(f"core/{name}")() for name in (*names, *OTHERS)}
    return found | {name: operator() for name, operator in GATE_OPERATORS.items()}


def mutants_of(tree: Path, module: str) -> list[Mutant]:
    """All changes of a module, in the order of its lines; the same program from two operators counts once."""
    source = (tree / module).read_text(encoding="utf-8")
    nodes, scopes = list(ast_nodes(get_ast(source))), _scopes(ast.parse(source))
    programs = {ast.dump(ast.parse(source))}
    found: list[Mutant] = []
    for name, operator in operators().items():
        for occurrence in range(sum(len(list(operator.mutation_positions(node))) for node in nodes)):
            code = mutate_code(source, operator, occurrence)
            program = _program(code)
            if program and program not in programs:
                programs.add(program)
                number, line, becomes = _difference(source, code)
                within = next((scope for first, last, scope in scopes if first <= number <= last), "")
                found.append(Mutant(module, within, line, becomes, number, name, code))
    return sorted(found, key=lambda mutant: mutant.number)


def _program(code: str) -> str:
    """What the code means, whatever its blanks; empty when it is no program."""
    try:
        return ast.dump(ast.parse(code))
    except SyntaxError:
        return ""


def _scopes(tree: ast.AST, outer: str = "") -> list[tuple[int, int, str]]:
    """First line, last line and name of every class and function, the innermost first."""
    found: list[tuple[int, int, str]] = []
    for node in ast.iter_child_nodes(tree):
        name = outer
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            name = f"{outer}.{node.name}" if outer else node.name
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            found.append((first, node.end_lineno or first, name))
        found = _scopes(node, name) + found
    return found


def _difference(source: str, code: str) -> tuple[int, str, str]:
    """The first line that differs, what stood there, and what stands there now."""
    before, after = source.splitlines(), code.splitlines()
    changes = [one for one in difflib.SequenceMatcher(None, before, after, False).get_opcodes() if one[0] != "equal"]
    old = [number for _, first, last, _, _ in changes for number in range(first, last) if before[number].strip()]
    new = [line for _, _, _, first, last in changes for line in after[first:last]]
    return old[0] + 1, " ".join(" ".join(before[number] for number in old).split()), " ".join(" ".join(new).split())

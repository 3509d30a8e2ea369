"""Every message that the product may show, read from its code: docs/messages.md, written by `make messages`.

So that all of them can be read in one go with a stranger's eyes, and are held to the words that CONTRIBUTING.md lists. Standard library only.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "messages.md"
PACKAGES = ("domain", "blocks", "tasks", "flows", "deployments")
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/**/*.md")
"""Read by people, and held to the same words; all but the one that is made here."""
SHOWN = ("deployments/commands/*.py", "flows/*.py")
"""Modules whose docstrings people see: as help of a command, and beside a flow in Prefect."""
FEWEST_LETTERS = 12
"""Shorter texts are names and keys."""

RETIRED = {
    r"climb(s|ed|ing)?|rung|ladder": "promote, stage",
    r"ways? back|(go|goes|going|went|gone) back|taken back|takes? back": "roll back, rollback",
    r"passed over": "bypassed",
    r"roster": "approvers",
    r"incumbents?": "champion",
    r"any more": "no longer",
    r"rehears(e|es|ed|ing)": "dry run",
    r"(?<!signalbox )seal(ed|s)?": "signed, signature",
    r"not hold together": "integrity check failed",
    r"obstacles?": "faults",
    r"whoever": "who it is, by name or role",
    r"fencing numbers?|fences?": "fencing token",
    r"promot(e|es|ed|ing) (the |a |every )?models?|models? (is|are|was|were) (not |never )?promoted|promot(e|es|ed|ing) to (the|a) (shared )?registry": "publish",
    r"(the|this|that|another|same|standing|open) questions?": "approval request",
    r"(codes?|tokens?|proofs?) (is|are|was|were) (already )?spent|spen(d|ds|ding) (a|the|its|no) (code|token|proof)": "used, use once",
    r"lacks?": "has no, is missing",
    r"nor (were|was)": "more were not",
}
"""Words of an earlier day → the field's. (As patterns; case does not count.)"""


def text_of(node: ast.expr) -> str:
    """A text with its gaps as `{…}`; empty for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) if isinstance(part, ast.Constant) else "{…}" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return text_of(node.left) + text_of(node.right)
    if isinstance(node, ast.IfExp):
        return f"{text_of(node.body)} / {text_of(node.orelse)}"
    return ""


def messages_of(source: str) -> Iterator[str]:
    """Texts of a module that read like words, each once; not its docstrings."""
    tree = ast.parse(source)
    told_to_developers = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    inside: set[ast.expr] = set()
    for node in ast.walk(tree):
        if (
            not isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp)
            or node in told_to_developers
            or node in inside
        ):
            continue
        inside.update(child for child in ast.walk(node) if isinstance(child, ast.expr))
        text = " ".join(text_of(node).split())
        if len(text) >= FEWEST_LETTERS and " " in text and re.search(r"[a-z]{2} [a-z]", text):
            yield text


def docstrings_of(source: str) -> Iterator[str]:
    """What a module, its classes and its functions say of themselves: `--help` of a command, a flow's page."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""


def prose_of(page: str) -> str:
    """A page without what it quotes: code, keys and addresses keep their names."""
    return re.sub(r"```.*?```|`[^`\n]*`|\]\([^)]*\)", "", page, flags=re.DOTALL)


def page() -> str:
    """The whole of it."""
    lines = [
        "# Messages",
        "",
        "What the product may say, by the file that says it; `{…}` is filled in. Made from the code by `make messages`, held to the words of",
        "[CONTRIBUTING](../CONTRIBUTING.md#words) by `tests/tools/test_messages.py`.",
        "",
    ]
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            said = list(dict.fromkeys(messages_of(file.read_text())))
            if said:
                lines += [f"## {file.relative_to(ROOT).as_posix()}", ""]
                lines += [f"- `` {text.replace('``', '`')} ``" for text in said]
                lines.append("")
    return "\n".join(lines)


def retired_words(text: str) -> list[str]:
    """What of it is said otherwise today, with the word for it."""
    return [
        f"{found[0]!r} is {word!r} here"
        for pattern, word in RETIRED.items()
        for found in re.finditer(rf"\b({pattern})\b", text, re.IGNORECASE)
    ]


def main() -> int:
    """Write the page."""
    PAGE.write_text(page())
    sys.stdout.write(f"wrote {PAGE.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

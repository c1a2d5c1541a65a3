"""How the project stands, read from its files: lines of each kind, who imports whom, and who in a circle."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
TUI = ROOT / "tui"


@dataclass
class Lines:
    """Lines of one kind each; a line with code and a comment is code."""

    modules: int = 0
    code: int = 0
    docstring: int = 0
    comment: int = 0


def lines_of(folder: Path) -> Lines:
    """What stands in the Python files below a folder."""
    total = Lines()
    for path in sorted(folder.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        docs: set[int] = set()
        for node in ast.walk(ast.parse(text)):
            body = getattr(node, "body", None)
            for statement in body if isinstance(body, list) else []:
                if isinstance(statement, ast.Expr) and isinstance(getattr(statement.value, "value", None), str):
                    docs |= set(range(statement.lineno, (statement.end_lineno or 0) + 1))
        code: set[int] = set()
        comments: set[int] = set()
        skipped = (tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                comments.add(token.start[0])
            elif token.type not in skipped:
                code |= set(range(token.start[0], token.end[0] + 1))
        total.modules += 1
        total.code += len(code - docs)
        total.docstring += len(docs)
        total.comment += len(comments - code)
    return total


def name_of(path: Path) -> str:
    """The module that a file is: `tui.explore.node`, `tui.oci` for its `__init__`."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports_of(path: Path, *, for_types: bool = True) -> Iterator[tuple[int, str]]:
    """Every module that a file imports anywhere, late imports included, with the line; also those for types only,
    unless `for_types` is off."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if not for_types and isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            for alias in node.names:
                below = f"{module}.{alias.name}"
                stands = (ROOT / below.replace(".", "/")).with_suffix(".py").exists()
                stands = stands or (ROOT / below.replace(".", "/")).is_dir()
                yield node.lineno, below if module.startswith("tui") and stands else module


def circles(folder: Path = TUI) -> list[list[str]]:
    """The groups of modules that import each other in a circle, late imports included; none is the rule."""
    names = {name_of(path): path for path in folder.rglob("*.py")}
    edges = {
        name: {module for _, module in imports_of(path, for_types=False) if module in names and module != name}
        for name, path in names.items()
    }
    found: list[list[str]] = []
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []

    def visit(name: str) -> None:
        """Tarjan's strongly connected components."""
        index[name] = low[name] = len(index)
        stack.append(name)
        for target in sorted(edges[name]):
            if target not in index:
                visit(target)
                low[name] = min(low[name], low[target])
            elif target in stack:
                low[name] = min(low[name], index[target])
        if low[name] == index[name]:
            at = stack.index(name)
            group = stack[at:]
            del stack[at:]
            if len(group) > 1:
                found.append(sorted(group))

    for name in sorted(names):
        if name not in index:
            visit(name)
    return found

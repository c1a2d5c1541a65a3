"""The rules of the house: who may import whom, what stays unimported, how long a file gets."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TUI = ROOT / "tui"
MODULES = sorted(TUI.rglob("*.py"))
MOST_LINES = 600

# Each part and the parts it may import: dependencies run one way, downward.
ALLOWED: dict[str, frozenset[str]] = {
    "tui": frozenset(),
    "text": frozenset(),
    "resources": frozenset(),
    "oci": frozenset({"text"}),
    "registry": frozenset({"oci", "text"}),
    "sources": frozenset({"registry", "oci", "resources", "text"}),
    "explore": frozenset({"sources", "registry", "oci", "resources", "text"}),
    "compose": frozenset({"explore", "sources", "registry", "oci", "text"}),
    "teach": frozenset({"compose", "explore", "sources", "registry", "oci", "resources", "text"}),
    "tools": frozenset({"compose", "explore", "sources", "registry", "oci", "resources", "text"}),
    "demo": frozenset({"oci", "resources", "text"}),
    "config": frozenset({"registry.settings", "oci", "text"}),
    "logfile": frozenset({"config", "explore", "registry", "oci", "text"}),
    "engine": frozenset({"config", "logfile", "explore", "sources", "registry", "oci", "text"}),
    "app": frozenset(
        {
            "config",
            "engine",
            "logfile",
            "demo",
            "teach",
            "tools",
            "compose",
            "explore",
            "sources",
            "registry",
            "oci",
            "resources",
            "text",
        }
    ),
    "commands": frozenset(
        {"config", "engine", "app", "demo", "compose", "explore", "sources", "registry", "oci", "text"}
    ),
    "cli": frozenset({"commands", "config", "oci"}),
    "__main__": frozenset({"cli"}),
}

# What comes from elsewhere, and who alone may use it.
ONLY_IN: dict[str, frozenset[str]] = {
    "textual": frozenset({"app"}),
    "rich": frozenset({"app"}),
    "pyperclip": frozenset({"app"}),
    "httpx": frozenset({"registry"}),
    "aiohttp": frozenset({"registry"}),
    "httpcore": frozenset({"registry"}),
    "ssl": frozenset({"registry", "demo"}),
    "starlette": frozenset({"demo"}),
    "uvicorn": frozenset({"demo"}),
    "humanize": frozenset({"text"}),
    "argparse": frozenset({"commands"}),
}


def name(path: Path) -> str:
    """The module of a file below tui/, without "tui.": "explore.node", "oci" for its __init__."""
    parts = list(path.relative_to(TUI).with_suffix("").parts)
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts) or "tui"


def part(module: str) -> str:
    """The row of the table that a module belongs to: the longest name that is in it."""
    words = module.split(".")
    for length in range(len(words), 0, -1):
        if ".".join(words[:length]) in ALLOWED:
            return ".".join(words[:length])
    return words[0]


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Every module that a file imports anywhere, late or only for types, with the line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: write the whole name of the module"
            module = node.module or ""
            for alias in node.names:
                below = f"{module}.{alias.name}"
                is_module = (ROOT / (below.replace(".", "/") + ".py")).exists() or (
                    ROOT / below.replace(".", "/")
                ).is_dir()
                yield node.lineno, below if module.startswith("tui") and is_module else module


def may_import(importer: str, imported: str) -> bool:
    row = part(importer)
    if part(imported) == row or imported == "tui":  # the package itself holds the version and nothing else
        return True
    return any(imported == one or imported.startswith(one + ".") for one in ALLOWED.get(row, frozenset()))


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_imports_run_downward(path: Path) -> None:
    importer = name(path)
    assert part(importer) in ALLOWED, "a new part needs a row in the table"
    wrong = []
    for line, module in imports(path):
        if module == "tui" or module.startswith("tui."):
            inner = module.removeprefix("tui").lstrip(".") or "tui"
            if not may_import(importer, inner):
                wrong.append(f"line {line}: {importer} imports tui.{inner}")
        else:
            owners = ONLY_IN.get(module.split(".")[0])
            if owners is not None and importer.split(".")[0] not in owners:
                wrong.append(f"line {line}: {importer} imports {module}; only {', '.join(sorted(owners))} may")
    assert not wrong


def test_the_table_itself_runs_downward() -> None:
    """No part is below itself, whatever way one goes."""

    def below(row: str, path: tuple[str, ...]) -> None:
        assert row not in path, " → ".join((*path, row))
        for one in ALLOWED.get(part(row), frozenset()):
            if part(one) != part(row):
                below(part(one), (*path, row))

    for row in ALLOWED:
        below(row, ())


@pytest.mark.parametrize("wrong", ["import textual", "from textual.app import App"])
def test_the_check_sees_what_it_should(wrong: str, tmp_path: Path) -> None:
    path = tmp_path / "x.py"
    path.write_text(f"def late():\n    {wrong}\n")
    assert [module.split(".")[0] for _, module in imports(path)] == ["textual"]
    assert not may_import("explore.node", "app.main")
    assert not may_import("oci", "registry.client")
    assert may_import("app.main", "explore.node")
    assert not may_import("config", "registry.client")


def loaded(code: str, *modules: str) -> list[str]:
    """Which of these modules a fresh interpreter has after running the code."""
    script = f"import sys\n{code}\nprint(*[name for name in {modules!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.splitlines()[-1].split()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import tui.oci, tui.text", ("httpx", "aiohttp", "textual", "rich", "humanize", "asyncio", "platformdirs")),
        ("import tui.explore.explorer", ("textual", "rich", "httpx", "aiohttp")),
        ("import tui.compose", ("textual", "rich")),
        ("import tui.teach", ("textual", "rich")),
        ("import tui.demo", ("textual", "httpx", "uvicorn")),
        ("import tui.engine", ("textual", "rich", "httpx", "aiohttp", "humanize")),
        ("import tui.commands.check, tui.commands.tree", ("textual", "rich")),
        ("import tui.config", ("textual", "httpx", "aiohttp", "humanize")),
        (
            "from tui.cli import main\ntry: main(['--version'])\nexcept SystemExit: pass",
            (
                "textual",
                "rich",
                "httpx",
                "aiohttp",
                "asyncio",
                "humanize",
                "uvicorn",
                "tui.oci",
                "tui.config",
                "tomllib",
            ),
        ),
        (
            "from tui.cli import main\ntry: main(['check', '--help'])\nexcept SystemExit: pass",
            (
                "textual",
                "rich",
                "httpx",
                "aiohttp",
                "asyncio",
                "humanize",
                "uvicorn",
                "tui.oci",
                "tui.config",
                "tomllib",
            ),
        ),
    ],
)
def test_what_is_not_needed_is_not_imported(code: str, absent: tuple[str, ...]) -> None:
    assert loaded(code, *absent) == []


@pytest.mark.slow
def test_the_first_frame_pays_for_no_http_library() -> None:
    absent = ("httpx", "aiohttp", "humanize", "pyperclip", "uvicorn", "starlette")
    assert loaded("import tui.app.main", *absent) == []


FILES = [path for folder in ("tui", "tests", "screenshots") for path in sorted((ROOT / folder).rglob("*.py"))]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_has_one_idea_and_so_an_end(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_put_off(path: Path) -> None:
    put_off = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
    assert not put_off.findall(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_nothing_prints_or_swallows_by_the_way(path: Path) -> None:
    wrong = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("print", "breakpoint"):
            wrong.append(f"line {node.lineno}: {node.func.id}")
        if isinstance(node, ast.ExceptHandler) and isinstance(node.body[0], ast.Pass):
            caught = ast.unparse(node.type) if node.type else "everything"
            if caught in ("everything", "Exception", "BaseException"):
                wrong.append(f"line {node.lineno}: swallows {caught}")
    if name(path) != "commands.output":
        assert not wrong


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not text.strip() or ast.get_docstring(ast.parse(text))


def test_the_sources_hide_nothing() -> None:
    """No invisible or bidi character outside an escape: what is read is what runs."""
    for path in FILES:
        for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
            hidden = re.search("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]", token.string)
            assert hidden is None, f"{path}:{token.start[0]}"

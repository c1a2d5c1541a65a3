"""The rules of the house, one test for each rule over all files; a failure lists every offender.

Who may import whom, what stays unimported, what nobody does. `docs/architecture.md` says why.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.support.structure import ROOT, TUI, circles, imports_of, name_of

MODULES = sorted(TUI.rglob("*.py"))
FILES = [path for folder in ("tui", "tests", "screenshots", "docs") for path in sorted((ROOT / folder).rglob("*.py"))]
PROSE = [
    *(ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))),
    *sorted((TUI / "resources").rglob("*.md")),
    *sorted((TUI / "resources").rglob("*.toml")),
]
#: They say which words were given up, or what was.
OF_OLD = ("architecture.md", "changelog.md")

# Each part and the parts it may import: dependencies run one way, downward.
ALLOWED: dict[str, frozenset[str]] = {
    "tui": frozenset(),
    "text": frozenset(),
    "crash": frozenset(),
    "resources": frozenset(),
    "regular_file": frozenset(),
    "oci": frozenset({"text"}),
    "registry": frozenset({"oci", "regular_file", "text"}),
    "sources": frozenset({"registry", "oci", "regular_file", "resources", "text"}),
    "explore": frozenset({"sources", "registry", "oci", "resources", "text"}),
    "formats": frozenset({"tools", "explore", "sources", "oci", "resources", "text"}),
    "compose": frozenset({"explore", "sources", "registry", "oci", "text"}),
    "teach": frozenset({"compose", "explore", "sources", "registry", "oci", "resources", "text"}),
    "tools": frozenset({"compose", "explore", "sources", "registry", "oci", "resources", "text"}),
    "demo": frozenset({"oci", "resources", "text"}),
    "config": frozenset({"registry.settings", "oci", "regular_file", "text"}),
    "logfile": frozenset({"config", "explore", "registry", "oci", "regular_file", "text"}),
    "engine": frozenset({"config", "logfile", "explore", "sources", "registry", "oci", "text"}),
    "app": frozenset(
        {
            "config",
            "crash",
            "engine",
            "logfile",
            "demo",
            "teach",
            "tools",
            "compose",
            "formats",
            "explore",
            "sources",
            "registry",
            "oci",
            "resources",
            "text",
        }
    ),
    "web": frozenset(),
    "commands": frozenset(
        {
            "web",
            "config",
            "engine",
            "app",
            "demo",
            "tools",
            "compose",
            "formats",
            "explore",
            "sources",
            "registry",
            "oci",
            "text",
        }
    ),
    "cli": frozenset({"commands", "config", "crash", "oci"}),
    "__main__": frozenset({"cli"}),
}

# What comes from elsewhere, and who alone may use it.
ONLY_IN: dict[str, frozenset[str]] = {
    "textual": frozenset({"app"}),
    "rich": frozenset({"app"}),
    "pyperclip": frozenset({"app"}),
    "httpx": frozenset({"registry"}),
    "aiohttp": frozenset({"registry", "web"}),
    "textual_serve": frozenset({"web"}),
    "shtab": frozenset({"commands"}),
    "httpcore": frozenset({"registry"}),
    "ssl": frozenset({"registry", "demo"}),
    "starlette": frozenset({"demo"}),
    "uvicorn": frozenset({"demo"}),
    "humanize": frozenset({"text"}),
    "jinja2": frozenset({"formats"}),
    "markupsafe": frozenset({"formats"}),
    "argparse": frozenset({"commands"}),
}

# Modules that import others by a name that is computed, each with its reason.
DYNAMIC: dict[str, str] = {
    "engine": "the HTTP library is imported in a thread, so that the screen stays alive meanwhile",
    "app.main": "what writes and teaches is imported in a thread, after the first frame",
}

# Words of ours that the field has better ones for (docs/architecture.md has the list of names).
GIVEN_UP = re.compile(
    r"\b([Mm]end(s|ed|ing)?|House|Bench|Asker|Workshop|Situation|Telling|Judge|Pulse|Wish|Doorman|Grounds)\b"
)


def name(path: Path) -> str:
    """The module of a file without "tui.": "explore.node", "oci" for its __init__."""
    return name_of(path).removeprefix("tui").lstrip(".") or "tui"


def part(module: str) -> str:
    """The row of the table that a module belongs to: the longest name that is in it."""
    words = module.split(".")
    for length in range(len(words), 0, -1):
        if ".".join(words[:length]) in ALLOWED:
            return ".".join(words[:length])
    return words[0]


def may_import(importer: str, imported: str) -> bool:
    row = part(importer)
    if part(imported) == row or imported == "tui":  # the package itself holds the version and nothing else
        return True
    return any(imported == one or imported.startswith(one + ".") for one in ALLOWED.get(row, frozenset()))


def wrong_imports(path: Path, importer: str) -> Iterator[str]:
    """What a file imports against the two tables."""
    for line, module in imports_of(path):
        if module.startswith("."):
            yield f"{importer}:{line} imports {module}: write the whole name of the module"
        elif module == "tui" or module.startswith("tui."):
            inner = module.removeprefix("tui").lstrip(".") or "tui"
            if not may_import(importer, inner):
                yield f"{importer}:{line} imports {module}"
        else:
            owners = ONLY_IN.get(module.split(".")[0])
            if owners is not None and importer.split(".")[0] not in owners:
                yield f"{importer}:{line} imports {module}; only {', '.join(sorted(owners))} may"


def test_imports_run_downward() -> None:
    parts = {part(name(path)) for path in MODULES}
    assert parts <= set(ALLOWED), "a new part needs a row in the table"
    assert set(ALLOWED) <= parts, "a row of the table has no modules any more"
    wrong = [each for path in MODULES for each in wrong_imports(path, name(path))]
    assert not wrong, "\n".join(wrong)


def test_the_table_itself_runs_downward() -> None:
    """No part is below itself, whatever way one goes."""

    def below(row: str, path: tuple[str, ...]) -> None:
        assert row not in path, " → ".join((*path, row))
        for one in ALLOWED.get(part(row), frozenset()):
            if part(one) != part(row):
                below(part(one), (*path, row))

    for row in ALLOWED:
        below(row, ())


@pytest.mark.parametrize("wrong", ["import textual", "from textual.app import App", "from . import node"])
def test_the_check_sees_what_it_should(wrong: str, tmp_path: Path) -> None:
    path = tmp_path / "x.py"
    path.write_text(f"def late():\n    {wrong}\n")
    assert len(list(wrong_imports(path, "explore.node"))) == 1
    assert not may_import("explore.node", "app.main")
    assert not may_import("oci", "registry.client")
    assert may_import("app.main", "explore.node")
    assert not may_import("config", "registry.client")


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Late imports count; imports for types only do not, for they never run."""
    assert not circles(), "\n".join(" ↔ ".join(group) for group in circles())


def test_modules_are_imported_by_their_names() -> None:
    wrong = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Name | ast.Attribute):
                continue
            called = ast.unparse(node)
            if called in ("importlib.import_module", "import_module", "__import__") and name(path) not in DYNAMIC:
                wrong.append(f"{name(path)}:{node.lineno}: {called}")
    assert not wrong, "\n".join(wrong)


def test_what_is_imported_is_declared() -> None:
    """Every package that a file of ours imports is a dependency of its own, not one that comes along with another."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]

    def names(requirements: list[str]) -> set[str]:
        return {re.split(r"[^A-Za-z0-9_.-]", each)[0].lower().replace("_", "-") for each in requirements}

    of_program = names(project["dependencies"]) | names(extras["serve"]) | names(extras["completion"])
    of_tests = of_program | names(extras["test"]) | names(extras["docs"]) | names(extras["dev"])
    distributions = packages_distributions()
    wrong = set()
    for path in FILES:
        declared = of_program if path.is_relative_to(TUI) else of_tests
        for line, module in imports_of(path):
            top = module.split(".")[0]
            if top == "compression":  # the standard library's from Python 3.14 on; a backport before
                continue
            if top in sys.stdlib_module_names or top in ("tui", "tests", "screenshots", "docs", "__future__"):
                continue
            owners = {each.lower().replace("_", "-") for each in distributions.get(top, [])}
            if not owners & declared:
                wrong.add(f"{path.relative_to(ROOT)}:{line}: {top}")
    assert not wrong, "\n".join(sorted(wrong))


def test_no_class_of_the_screen_has_a_long_line_of_ancestors() -> None:
    """At most two ancestors of our own: what a class can do is in what it has, not in what it descends from."""
    bases: dict[str, set[str]] = {}
    for path in (TUI / "app").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                named = {ast.unparse(base).split("[")[0].split(".")[-1] for base in node.bases}
                bases.setdefault(node.name, set()).update(named)

    def ancestors(name: str) -> set[str]:
        own = bases[name] & bases.keys() - {name}
        return own.union(*(ancestors(each) for each in own)) if own else own

    wrong = [f"{each}: {', '.join(sorted(ancestors(each)))}" for each in sorted(bases) if len(ancestors(each)) > 2]
    assert not wrong, "\n".join(wrong)


def test_no_message_is_waited_for() -> None:
    """What handles a key, a click or a message is no coroutine: what takes time is a worker's (`start`), and the next
    key is taken meanwhile."""
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.name}"
        for path in (TUI / "app").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.AsyncFunctionDef)
        and node.name != "on_unmount"  # the end waits for its connections
        and (
            node.name.startswith(("on_", "_on_", "action_", "watch_"))
            or any(ast.unparse(each).startswith("on(") for each in node.decorator_list)
        )
    ]
    assert not wrong, "\n".join(wrong)


def loaded(code: str, *modules: str) -> list[str]:
    """Which of these modules a fresh interpreter has after running the code."""
    script = f"import sys\n{code}\nprint(*[name for name in {modules!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.splitlines()[-1].split()


NOT_FOR_HELP = (
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
)


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
        ("import tui.commands.check, tui.commands.tree", ("textual", "rich", "jinja2", "tui.formats.text")),
        ("import tui.config", ("textual", "httpx", "aiohttp", "humanize")),
        (
            "from tui.cli import main\ntry: main(['--version'])\nexcept SystemExit: pass",
            NOT_FOR_HELP,
        ),
        (
            "from tui.cli import main\ntry: main(['check', '--help'])\nexcept SystemExit: pass",
            NOT_FOR_HELP,
        ),
    ],
)
def test_what_is_not_needed_is_not_imported(code: str, absent: tuple[str, ...]) -> None:
    assert loaded(code, *absent) == []


@pytest.mark.slow
def test_the_first_frame_pays_for_no_http_library() -> None:
    absent = ("httpx", "aiohttp", "humanize", "pyperclip", "uvicorn", "starlette")
    assert loaded("import tui.app.main", *absent) == []


def offenders(files: list[Path], pattern: re.Pattern[str]) -> list[str]:
    """Where a pattern stands, as file:line: match."""
    return [
        f"{path.relative_to(ROOT)}:{number}: {match.group(0)}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if (match := pattern.search(line))
    ]


def test_nothing_is_put_off() -> None:
    put_off = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
    assert not offenders(FILES, put_off)


def test_words_that_were_given_up_stay_away() -> None:
    wrong = offenders([path for path in FILES if path != Path(__file__)], GIVEN_UP)
    wrong += offenders([path for path in PROSE if path.name not in OF_OLD], GIVEN_UP)
    assert not wrong, "\n".join(wrong)


def test_what_docstrings_refer_to_is_in_the_repository() -> None:
    """Pages of ours that a docstring names, and the items of `docs/protocol-notes.md` that it names by number."""
    wrong = offenders(MODULES, re.compile(r"(?<![\w/-])(design|protocol)\.md\b"))
    cited = offenders(MODULES, re.compile(r"\bdocs/[\w-]+\.md\b(, [A-Z]-\d+)?"))
    notes = (ROOT / "docs" / "protocol-notes.md").read_text(encoding="utf-8")
    for each in cited:
        page, _, item = each.partition("docs/")[2].partition(", ")
        if not (ROOT / "docs" / page).exists() or (item and f"**{item}**" not in notes):
            wrong.append(each)
    assert not wrong, "\n".join(wrong)


def test_nothing_prints_or_swallows_by_the_way() -> None:
    wrong = []
    for path in MODULES:
        if part(name(path)) in ("commands", "cli", "plain"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("print", "breakpoint")
            ):
                wrong.append(f"{name(path)}:{node.lineno}: {node.func.id}")
            if isinstance(node, ast.ExceptHandler) and isinstance(node.body[0], ast.Pass):
                caught = ast.unparse(node.type) if node.type else "everything"
                if caught in ("everything", "Exception", "BaseException"):
                    wrong.append(f"{name(path)}:{node.lineno}: swallows {caught}")
    assert not wrong, "\n".join(wrong)


def test_every_module_says_what_it_is_for() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in MODULES}
    assert not [name(path) for path, text in texts.items() if text.strip() and not ast.get_docstring(ast.parse(text))]


def test_the_sources_hide_nothing() -> None:
    """No invisible or bidi character outside an escape: what is read is what runs."""
    hidden = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
    wrong = [
        f"{path.relative_to(ROOT)}:{token.start[0]}"
        for path in FILES
        for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline)
        if hidden.search(token.string)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
def test_the_top_level_is_as_short_as_it_was_asked_for() -> None:
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    top = {line.split("/")[0] for line in done.stdout.splitlines()}
    asked_for = {"pyproject.toml", "tui", "tests", "screenshots", "README.md", "LICENSE", "docs"}
    assert {each for each in top if not each.startswith(".")} <= asked_for


#: A key as a sentence names it: "press Enter", "ctrl+s saves". `i` and `a` are words, too.
KEY = r"(?:[Ee]sc(?:ape)?|[Ee]nter|[Tt]ab|[Ss]pace|ctrl\+[a-z]|[→←↑↓]|\b[A-Za-z](?<![aAI]))"
DOES = (
    "to|shows?|lists?|opens?|saves?|cop(?:y|ies)|push(?:es)?|puts?|takes?|goes|closes?|moves?|leads?|checks?|adds?|asks?|"
    "makes?|leaves?|stops?|follows?|brings?|fixes|chooses?|accepts?|begins?|writes?"
)
NAMED_KEY = re.compile(
    rf"\b[Pp]ress(?:es|ing)? {KEY}(?![\w’'-])|(?<![\w“{{:'.-]){KEY} (?:{DOES})\b"
    r"|\(ctrl\+[a-z]\)|\((?:ctrl\+[a-z]|[b-hj-zA-HJ-Z]) [a-z]|\b[A-Z], then [a-z]\b"
)
#: Keys that cannot be changed: those of Textual's line to type in, and of a link that was chosen.
FIXED_KEYS = {
    ("screens/plan.py", "press enter"),
    ("screens/dialogs.py", "→ takes"),
    ("pages/plan.py", "Enter copies"),
}


def test_sentences_name_actions_and_no_keys() -> None:
    """A key can be changed: what says which to press says `{key:ACTION}`."""
    sentences = []
    for path in MODULES:
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
        sentences += [
            (path, node.lineno, node.value)
            for node in nodes
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings
        ]
    sentences += [
        (path, number, line)
        for path in PROSE
        if path.is_relative_to(TUI) and path.name != "FORMAT.md"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if not line.startswith("#")
    ]
    wrong = [
        f"{path}:{number}: “{key[0]}”"
        for path, number, text in sentences
        for key in NAMED_KEY.finditer(text)
        if (f"{path.parent.name}/{path.name}", key[0]) not in FIXED_KEYS
    ]
    assert not wrong, "\n".join(wrong)

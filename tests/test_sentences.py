"""How the program speaks: sentences that were rewritten stay gone, and the rules that made them so hold for all."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = [
    ROOT / "README.md",
    *(path for path in sorted((ROOT / "docs").glob("*.md")) if path.name != "changelog.md"),
    *(path for end in ("py", "toml", "md") for path in sorted((ROOT / "tui").rglob(f"*.{end}"))),
]

GONE = (
    '"Leave?"', "nothing happens", "to their end yet", "to its end yet", "nothing below was asked for", " pulls\"",
    "cannot be pulled whole", "tags and images were", "were looked at; ", "It still points at",
    "nowhere that was looked in",
    "This stops it", "what it lacks is put back", "put and read back", "nobody wrote it down", "What to know",
    "What was done", "its name is not known\"", "It was not determined", "lets {listing", "have the step",
    "have it done",
    "It makes no lists", "## The house", "Limits, said plainly", "goes on with it", "the verdict says here",
    "what was edited is lost", "nothing can break", "What it holds now goes in", "Nothing is searched for here",
    "no source known", "Nothing with a problem is known", "it is not known to be gone", "Only rows with a problem",
    "a Docker list while", "This would fetch", "Working out every step", "is there already. Replace",
    "accepts it: the plan", "are more than a terminal takes", "Somebody moved the tag meanwhile",
    "does not say whether it took it", "What yours would change", "Said on the way", "load the next page, follow",
    "Give the whole screen", "The registry misses", "Detail beside the tree", "The push broke off",
    "Previous match (with", "It has no tag: which", "past every cache\"", "Delete what of", "Put back in {",
    "Compare the marked one", "was pushed to this tag from here\"", "list from what is marked",
    "of them to look for what is missing", "Put back what the last push", "so nothing can be pulled:",
    "after showing what else would break", "Ask for every object of an image", "print every object that is not there",
    "Help for what is focused", "there is nothing to go back to", "do not follow to the new digest",
    "is no longer in the tree", "is there twice: clients", "a fault of its own",
)  # fmt: skip


@pytest.mark.parametrize("words", GONE)
def test_no_sentence_of_the_list_is_left(words: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in FILES
        for number, line in enumerate(_text(path).splitlines(), 1)
        if words in line and not line.lstrip().startswith(('"""', "#:"))
    ]
    assert not found, "\n".join(found)


_TEXTS: dict[Path, str] = {}


def _text(path: Path) -> str:
    if path not in _TEXTS:
        _TEXTS[path] = path.read_text(encoding="utf-8")
    return _TEXTS[path]


#: Stage voice, double negatives and pronouns where the field has a word; and keys that are not written as keys.
BANNED = re.compile(
    r"(?<![\w{:-])(?:esc|enter)(?![\w}:(-])"
    r"|\b[Yy]et\b|\b[Ll]ook(?:ed|s) (?:at|in|into)\b|\b[Nn]othing happens\b|\b(?:[Nn]o|[Ss]ome|[Aa]ny)body\b"
    r"|\bfound out\b|\b[Ii]s not known\b|\b[Pp]ut back\b|\b(?:not|is|was|were) there\b|\b[Hh]ere\b|\bany more\b"
    r"|\b[Mm]eanwhile\b|\bcannot be had\b|\bwas asked\b|\bcould not be asked\b|\blies on\b|\bwhich is the most\b"
)
#: Names and keys of programs, not sentences: a code, an event of a lesson, what a scene of the gallery is called.
NAMES = re.compile(r"[\w./:,-]+|key enter")
LONGEST = {"say": 110, "title": 32, "words": 64}


def sentences() -> Iterator[tuple[str, str]]:
    """Every text of the program with a blank in it, docstrings and comments left out, and where it stands."""
    for path in FILES:
        where = str(path.relative_to(ROOT))
        if where.startswith("tui/demo/"):
            continue  # it speaks as registries speak
        if path.suffix == ".py":
            for number, text in _literals(ast.parse(_text(path))):
                yield f"{where}:{number}", text
        elif path.suffix == ".toml":
            for text in _values(tomllib.loads(_text(path))):
                yield where, text


def _literals(tree: ast.Module) -> Iterator[tuple[int, str]]:
    inside = {id(each) for node in ast.walk(tree) if isinstance(node, ast.Expr) for each in (node.value,)}
    inside |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.FormattedValue) for part in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) not in inside and isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def _values(document: object) -> Iterator[str]:
    if isinstance(document, str):
        yield document
    elif isinstance(document, dict | list):
        for each in document.values() if isinstance(document, dict) else document:
            yield from _values(each)


def test_no_text_speaks_of_here_and_yet_and_nobody() -> None:
    found = [
        f"{where}: “{banned[0]}” in {text[:120]!r}"
        for where, text in sentences()
        if not NAMES.fullmatch(text)
        for banned in BANNED.finditer(text)
    ]
    assert not found, "\n".join(found)


def test_toasts_and_keys_are_short() -> None:
    """What `say` shows, and the label and the words of a key, fit where they stand."""
    found = []
    for path in sorted((ROOT / "tui" / "app").rglob("*.py")):
        for node in ast.walk(ast.parse(_text(path))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            shown = [("say", each) for each in node.args[:1] if name == "say"]
            if name == "action":
                shown += [(each.arg, each.value) for each in node.keywords if each.arg in ("title", "words")]
            for kind, value in shown:
                text = "".join(str(part.value) for part in ast.walk(value) if isinstance(part, ast.Constant))
                if len(text) > LONGEST[kind]:
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno}: {kind} has {len(text)} characters: {text}")
    assert not found, "\n".join(found)


def test_a_step_of_a_lesson_is_short_and_asks_for_one_thing() -> None:
    """At most two sentences of facts, then at most two of what to do."""
    found = []
    for path in sorted((ROOT / "tui" / "resources" / "lessons").glob("*.toml")):
        for step in tomllib.loads(_text(path))["step"]:
            for paragraph in step["text"].strip().split("\n\n"):
                count = len(re.findall(r"[.?!](?:\s|$)", paragraph.replace("… ", "")))
                if count > 2 or len(paragraph) > 320:
                    found.append(f"{path.name}: {step['title']}: {count} sentences, {len(paragraph)} characters")
    assert not found, "\n".join(found)

"""What callers decide by: the capabilities of a source, and never its kind."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from tui.sources.base import SourceKind

TUI = Path(__file__).parents[2] / "tui"
KINDS = frozenset(get_args(SourceKind))


def source_classes() -> frozenset[str]:
    """The classes of `tui.sources` that are sources: those that can be asked for the presence of an object."""
    return frozenset(
        each.name
        for path in (TUI / "sources").glob("*.py")
        for each in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(each, ast.ClassDef)
        and any(isinstance(part, ast.AsyncFunctionDef) and part.name == "probe" for part in each.body)
    )


def texts(part: ast.AST) -> set[str]:
    return {each.value for each in ast.walk(part) if isinstance(each, ast.Constant) and isinstance(each.value, str)}


def asked(tree: ast.AST, sources: frozenset[str]) -> Iterator[int]:
    """The lines that ask what kind a source is: by its word, or by its class."""
    for each in ast.walk(tree):
        match each:
            case ast.Compare(left=left, comparators=others):
                sides = (left, *others)
                by_word = any(isinstance(side, ast.Attribute) and side.attr == "kind" for side in sides)
                if by_word and any(texts(side) & KINDS for side in sides):
                    yield each.lineno
            case ast.Match(subject=ast.Attribute(attr="kind"), cases=cases):
                if any(texts(case.pattern) & KINDS for case in cases):
                    yield each.lineno
            case ast.Call(func=ast.Name(id="isinstance" | "issubclass"), args=[_, classes]):
                if {part.id for part in ast.walk(classes) if isinstance(part, ast.Name)} & sources:
                    yield each.lineno


def test_nobody_else_asks_what_kind_a_source_is() -> None:
    sources = source_classes()
    assert {"RegistrySource", "DiskSource", "StorageSource", "DockerManifests"} <= sources
    offenders = [
        f"{path.relative_to(TUI.parent)}:{line}"
        for path in sorted(TUI.rglob("*.py"))
        if path.relative_to(TUI).parts[0] not in ("sources", "demo")  # the demo registry knows no sources
        for line in asked(ast.parse(path.read_text(encoding="utf-8")), sources)
    ]
    assert not offenders, "ask for a capability instead (tui/sources/base.py): " + ", ".join(offenders)


@pytest.mark.parametrize(
    "wrong",
    [
        'node.source.kind == "registry"',
        'spec.kind not in ("registry", "storage")',
        "isinstance(node.source, DockerManifests)",
        "isinstance(source, DiskSource | StorageSource)",
        'match source.kind:\n    case "oci-archive" | "docker-archive":\n        pass',
    ],
)
def test_the_rule_sees_what_it_should(wrong: str) -> None:
    assert list(asked(ast.parse(wrong), source_classes())) == [1]


@pytest.mark.parametrize("right", ["node.kind is Kind.TAG", 'step.kind == "mount"', "WORDS[source.kind]"])
def test_the_rule_allows_other_kinds_and_texts(right: str) -> None:
    assert not list(asked(ast.parse(right), source_classes()))

"""What callers decide by: the capabilities of a source, and never its kind."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from tui.registry.client import Client
from tui.registry.settings import ClientSettings
from tui.sources.base import Source, SourceKind
from tui.sources.disk import Contents, DiskSource
from tui.sources.docker_manifests import DockerManifests
from tui.sources.files import Folder
from tui.sources.location import RepositoryLocation
from tui.sources.registry import RegistrySource
from tui.sources.storage import StorageSource

TUI = Path(__file__).parents[2] / "tui"
KINDS = frozenset(get_args(SourceKind))
KINDS_IN_FILES: tuple[SourceKind, ...] = ("oci-layout", "docker-archive")


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


async def test_what_each_source_can_do(tmp_path: Path) -> None:
    client = Client(ClientSettings())
    (tmp_path / "manifests").mkdir()
    (tmp_path / "disk" / "repositories").mkdir(parents=True)
    registry, lists = RegistrySource(client, "localhost:5000"), DockerManifests(tmp_path / "manifests", client)
    storage = StorageSource(tmp_path / "disk")
    files = Folder(tmp_path)
    layout, saved = (DiskSource(files, lambda _files: Contents(), kind) for kind in KINDS_IN_FILES)
    sources: tuple[Source, ...] = (registry, lists, storage, layout, saved)
    assert [each for each in sources if each.capabilities.remote] == [registry]
    assert [each for each in sources if each.capabilities.referrers] == [registry, storage, layout]
    assert [each for each in sources if not each.capabilities.holds_its_objects] == [lists]
    assert [each for each in sources if each.capabilities.names_with_registry] == [lists]
    assert [each.capabilities.stored_lists for each in sources] == [None, lists, None, None, None]
    assert [each.capabilities.storage for each in sources] == [None, None, storage, None, None]
    assert [each.path for each in sources] == [None, tmp_path / "manifests", tmp_path / "disk", tmp_path, tmp_path]
    assert [str(each.pushed_as("localhost:5000/app", "1")) for each in (lists, storage, layout)] == [
        "localhost:5000/app:1",
        "None",
        "None",
    ]
    assert str(registry.pushed_as("app", "1")) == "localhost:5000/app:1"
    assert lists.pushed_as("localhost-5000_app-1", "stored") is None, "nobody can tell what a folder's name stands for"
    assert registry.location("app") == RepositoryLocation("app", "localhost:5000")
    assert layout.location("") == RepositoryLocation("", None, f"oci:{tmp_path}")
    await client.aclose()

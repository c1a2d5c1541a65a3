"""Trees in every form: drawn, told in sentences, as JSON, and as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from textwrap import indent
from typing import Any, Protocol

from tui.explore.cells import Observed, name_of_root, tree_rows
from tui.explore.node import Node
from tui.explore.sentences import sentences
from tui.explore.tree_document import tree_document
from tui.formats.markdown import escaped
from tui.formats.paint import VERDICT_ROLES, fitted, painted, wrapped
from tui.formats.writer import Sheet
from tui.oci.canonical_json import json_text
from tui.text import to_ascii

#: Counts up when a key of the document changes its name or its meaning.
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Looked:
    """A source that was looked at."""

    reference: str
    """Safe: as it was typed."""
    status: int
    """The exit status that it makes."""
    node: Node | None = None
    """Its row; None where there is none."""
    verdict: str = ""
    """Of an image."""
    error: str = ""
    """Why there is no row."""


class TreeWriter(Protocol):
    """Gives lines, without their ends."""

    def put(self, looked: Looked) -> Iterator[str]: ...

    def end(self) -> Iterator[str]:
        yield from ()


class TextTree(TreeWriter):
    """Drawn with guides, the verdict at its end."""

    def __init__(self, observed: Observed, sheet: Sheet, depth: int | None) -> None:
        self._observed, self._sheet, self._depth = observed, sheet, depth

    def put(self, looked: Looked) -> Iterator[str]:
        if looked.node is None:
            return
        room, colour, ascii_only = self._sheet.width, self._sheet.colour, self._sheet.ascii_only
        for place, line in enumerate(tree_rows(self._observed, looked.node, self._depth, ascii_only=ascii_only)):
            yield painted(fitted(line, room if place else None), colour=colour)  # the first has the digest, whole
        if looked.verdict:
            for said in wrapped((looked.verdict, VERDICT_ROLES[looked.status]), room):
                yield painted(said, colour=colour, ascii_only=ascii_only)


class PlainTree(TreeWriter):
    """A sentence for each row, the verdict first."""

    def __init__(self, observed: Observed, sheet: Sheet, depth: int | None) -> None:
        self._observed, self._ascii_only, self._depth = observed, sheet.ascii_only, depth

    def put(self, looked: Looked) -> Iterator[str]:
        if looked.node is None:
            return
        spoken = [looked.verdict] if looked.verdict else []
        for sentence in chain(spoken, sentences(self._observed, looked.node, self._depth)):
            yield to_ascii(sentence) if self._ascii_only else sentence


class JsonTree(TreeWriter):
    """One object for one source, an array for several."""

    def __init__(self, observed: Observed, depth: int | None, *, several: bool) -> None:
        self._observed, self._depth, self._several = observed, depth, several
        self._written = 0

    def put(self, looked: Looked) -> Iterator[str]:
        text = json_text(self._document(looked), indent=2)
        if not self._several:
            yield text
            return
        if self._written:
            yield ","
        yield ("" if self._written else "[\n") + indent(text, "  ")
        self._written += 1

    def end(self) -> Iterator[str]:
        if self._several:
            yield "]" if self._written else "[]"

    def _document(self, looked: Looked) -> dict[str, Any]:
        node = looked.node
        return {
            "reference": name_of_root(node) if node is not None else looked.reference,
            "complete": looked.status == 0,
            "verdict": looked.verdict or None,
            "error": looked.error or None,
            "tree": tree_document(self._observed, node, self._depth) if node is not None else None,
            "schema": SCHEMA,
        }


class MarkdownTree(TreeWriter):
    """A heading, the verdict, and the tree as it is drawn, in a fixed font, where nothing of it is markup."""

    def __init__(self, observed: Observed, sheet: Sheet, depth: int | None) -> None:
        self._observed, self._ascii_only, self._depth = observed, sheet.ascii_only, depth
        self._written = 0

    def put(self, looked: Looked) -> Iterator[str]:
        if self._written:
            yield ""
        self._written += 1
        yield f"## {escaped(name_of_root(looked.node) if looked.node is not None else looked.reference)}"
        if looked.verdict or looked.error:
            yield from ("", f"**{escaped(looked.verdict or looked.error)}**")
        if looked.node is None:
            return
        rows = tree_rows(self._observed, looked.node, self._depth, ascii_only=self._ascii_only)
        lines = [painted(row, colour=False) for row in rows]
        # A fence ends where as many marks stand as began it.
        fence = "`" * max(3, *(len(run) + 1 for line in lines for run in re.findall("`+", line)), 3)
        yield from ("", f"{fence}text", *lines, fence)


def open_tree_writer(form: str, observed: Observed, sheet: Sheet, depth: int | None, *, several: bool) -> TreeWriter:
    """The writer of a form, by its name; `depth` is how many levels below each source are shown."""
    match form:
        case "json":
            return JsonTree(observed, depth, several=several)
        case "markdown":
            return MarkdownTree(observed, sheet, depth)
        case "plain":
            return PlainTree(observed, sheet, depth)
        case _:
            return TextTree(observed, sheet, depth)

"""The glossary: each word with its picture, Docker's and OCI's names for it side by side."""

from __future__ import annotations

from dataclasses import dataclass

from tui.app.pages.parts import blank, heading, page, prose, value
from tui.app.styled_text import Line, Lines
from tui.resources import records


@dataclass(frozen=True, slots=True)
class Word:
    """One record of `glossary.toml`, whose head says what each field is for."""

    name: str
    oci: str
    docker: str
    what: str
    picture: tuple[str, ...]


def glossary_page() -> Lines:
    """The page, in the order of the file."""
    lines: list[Line] = []
    for word in words():
        lines += [heading(word.name), value("OCI", word.oci), value("Docker", word.docker), prose(word.what)]
        lines += [Line(fold="cut").put(f"  {line.replace('_', ' ')}", "digest") for line in word.picture]
        lines.append(blank())
    return page(lines)


def words() -> list[Word]:
    """The records, in the order of the file."""
    return list(records("glossary.toml", Word).values())

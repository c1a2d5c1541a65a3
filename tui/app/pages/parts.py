"""Bits that several pages share: labelled values, headings, digests as links."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tui.app.styled_text import Line, Lines, Role, Target
from tui.explore.cells import Glyphs, Observed
from tui.explore.finding import Finding, Severity
from tui.explore.node import Node
from tui.oci.digest import Digest
from tui.sources.presence import Observation, Presence
from tui.text import age, safe

if TYPE_CHECKING:
    from tui.app.keys import Keys

LABEL = 11

#: The age of an answer is told when it is older than so many seconds.
OLD_SECONDS = 60

SEVERITY_ROLE: dict[Severity | None, Role] = {
    Severity.ERROR: "bad",
    Severity.WARNING: "warn",
    Severity.INFO: "info",
    None: "good",
}
SEVERITY_MARK = {Severity.ERROR: "✗", Severity.WARNING: "!", Severity.INFO: "·"}


@dataclass(frozen=True, slots=True)
class Scene:
    """What a page is made from: the selected row, what is known, and how wide the pane is (cells)."""

    node: Node
    observed: Observed
    glyphs: Glyphs
    width: int
    keys: Keys
    findings: tuple[Finding, ...] = ()
    notices: tuple[str, ...] = ()


def blank() -> Line:
    """An empty line."""
    return Line()


def heading(text: str) -> Line:
    """A line that begins a part of a page."""
    return Line().put(text, "head")


def prose(text: str, role: Role = "plain", hang: int = 0) -> Line:
    """A paragraph, folded between words. The text must be safe."""
    return Line(hang=hang).put(text, role)


def value(label: str, text: str, role: Role = "plain", link: Target | None = None) -> Line:
    """`label      text`; continuation rows stand under the text."""
    # What has no blanks (a reference) is folded anywhere, so that it begins beside its label.
    line = Line(hang=LABEL, fold="word" if " " in text else "char").put(f"{label:<{LABEL - 1}} ", "label")
    return line.put(text, role, link)


def digest_value(label: str, digest: Digest | str, *, go: bool = False) -> Line:
    """A whole digest on its own line, folded anywhere; `go` makes it a link to the object."""
    line = Line(hang=LABEL, fold="char").put(f"{label:<{LABEL - 1}} ", "label")
    text = safe(str(digest), limit=200)
    return line.put(text, "digest", Target("digest", str(digest)) if go else None)


def presence_line(observation: Observation, glyphs: Glyphs) -> Line:
    """Symbol, word and detail of one object."""
    presence = observation.presence
    line = Line(hang=LABEL).put(f"{'presence':<{LABEL - 1}} ", "label")
    line.put(f"{glyphs.of(presence)} {presence.value}", presence.words.role)
    if observation.detail:
        line.put(f"  {observation.detail}", "dim")
    if observation.at.year > 1 and datetime.now(UTC) - observation.at > timedelta(seconds=OLD_SECONDS):
        line.put(f"  asked {age(observation.at)}", "dim")
    if observation.confirmed and presence is Presence.MISSING:
        line.put(f" {glyphs.dot} asked a second way too", "dim")
    return line


def pairs(title: str, items: Iterable[tuple[str, str]], *, limit: int = 200) -> list[Line]:
    """A heading and `key  value` lines of foreign text, which is made safe here; nothing when there is no item."""
    lines = []
    for count, (key, text) in enumerate(items):
        if count == limit:
            lines.append(Line().put(f"  … more than {limit}: see the JSON tab", "dim"))
            break
        shown = safe(key, limit=200)
        line = Line(hang=4, fold="char").put(f"  {shown}", "key")
        lines.append(line.put("  ").put(safe(text, limit=4000)))
    return [blank(), heading(title), *lines] if lines else []


def page(*parts: Line | Iterable[Line]) -> Lines:
    """Lines and lists of lines, in order, as a page."""
    lines: list[Line] = []
    for part in parts:
        if isinstance(part, Line):
            lines.append(part)
        else:
            lines.extend(part)
    return Lines(lines)

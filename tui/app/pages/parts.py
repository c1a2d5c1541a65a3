"""Bits that several pages share: labelled values, headings, digests as links."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tui.app.styled_text import Line, Lines, Role, Target
from tui.explore.cells import Glyphs, Observed, how_old
from tui.explore.finding import Finding, Severity
from tui.explore.node import Node
from tui.oci.digest import Digest
from tui.sources.presence import Observation, Presence
from tui.text import safe

if TYPE_CHECKING:
    from tui.app.keys import Keys

LABEL = 11
#: In a table only what is wrong, or could not be asked, is a filled cell.
FILLED: dict[Role, Role] = {"bad": "fault", "warn": "doubt"}

SEVERITY_ROLE: dict[Severity | None, Role] = {
    Severity.ERROR: "bad",
    Severity.WARNING: "warn",
    Severity.INFO: "info",
    None: "good",
}
SEVERITY_MARK = {Severity.ERROR: "✗", Severity.WARNING: "!", Severity.INFO: "·"}


class Known(Observed, Protocol):
    """What the explorer knows, as pages read it."""

    def get(self, key: str) -> Node | None: ...
    def why_not_unasked(self, node: Node) -> str: ...


@dataclass(frozen=True, slots=True)
class Scene:
    """What a page is made from: the selected row, what is known, and how wide the pane is (cells)."""

    node: Node
    observed: Known
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


def value(label: str, text: str, role: Role = "plain") -> Line:
    """`label      text`; continuation rows stand under the text."""
    # What has no blanks (a reference) is folded within, so that it begins beside its label.
    line = Line(hang=LABEL, fold="word" if " " in text else "name").put(f"{label:<{LABEL - 1}} ", "label")
    return line.put(text, role)


def digest_value(label: str, digest: Digest | str, *, go: bool = False) -> Line:
    """A whole digest on its own line, folded anywhere; `go` makes it a link to the object."""
    line = Line(hang=LABEL, fold="char").put(f"{label:<{LABEL - 1}} ", "label")
    text = safe(str(digest), limit=200)
    return line.put(text, "digest", Target("digest", str(digest)) if go else None)


def fix_line(scene: Scene, finding: Finding, indent: str = "") -> Line:
    """What to do about a finding, after the key that does it."""
    line = Line(hang=2).put(f"{indent}{scene.glyphs.arrow} ", "dim")
    if finding.action and (key := scene.keys.first(finding.action)):
        line.put(key, "key-cap").put(" ")
    return line.put(scene.keys.put_in(finding.fix))


def presence_line(observation: Observation, glyphs: Glyphs) -> Line:
    """Symbol, word and detail of one object."""
    presence = observation.presence
    line = Line(hang=LABEL).put(f"{'presence':<{LABEL - 1}} ", "label")
    line.put(f"{glyphs.of(presence)} {presence.value}", presence.words.role)
    if observation.detail:
        line.put(f"  {observation.detail}", "dim")
    twice = observation.confirmed and presence is Presence.MISSING
    return line.put(asked(observation, twice=twice), "dim")


def asked(observation: Observation, *, twice: bool = False) -> str:
    """ "  asked 12 minutes ago", to stand after an answer; "" when it is fresh. `twice`: also when it is, that it was
    asked in two ways."""
    words = [word for word in ("twice" if twice else "", how_old(observation.at)) if word]
    return f"  asked {', '.join(words)}" if words else ""


def pairs(title: str, items: Iterable[tuple[str, str]], *, limit: int = 200) -> list[Line]:
    """A heading and `key  value` lines of foreign text, which is made safe here; nothing when there is no item."""
    lines = []
    for count, (key, text) in enumerate(items):
        if count == limit:
            lines.append(Line().put(f"  … more than {limit}: see the JSON tab", "dim"))
            break
        shown = safe(key, limit=200)
        line = Line(hang=4).put(f"  {shown}", "key")
        lines.append(line.put("  ").put(safe(text, limit=4000)))
    return [blank(), heading(title), *lines] if lines else []


def page(*parts: Line | Iterable[Line]) -> Lines:
    """Lines and lists of lines, in order, as a page."""
    return Lines(joined(*parts))


def joined(*parts: Line | Iterable[Line]) -> list[Line]:
    """Lines and lists of lines, in order."""
    lines: list[Line] = []
    for part in parts:
        if isinstance(part, Line):
            lines.append(part)
        else:
            lines.extend(part)
    return lines

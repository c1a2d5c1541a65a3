"""The picture of an index: its platforms and objects as rows of symbols, how much of it is there as a bar, and what is
known of the object under the cursor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from tui.app.pages.parts import FILLED, Scene, asked, fix_line, prose
from tui.app.styled_text import Line, Role, cut
from tui.app.theme import tint
from tui.app.widgets.matrix import GridRow, Head, Pitch, Square
from tui.explore.cells import Glyphs
from tui.explore.matrix import HEADS, Cell, LiveMatrix, MatrixRow
from tui.explore.node import Kind, Load, Node
from tui.explore.tally import STRIP_CELLS, Tally, strip
from tui.sources.presence import Presence
from tui.text import size
from tui.text import width as width_of

#: The place of a row that stands for the platforms that are folded.
FOLDED = "folded"
_BAD = (Presence.MISSING, Presence.MISMATCHED)
_UNKNOWN = tuple(presence for presence in Presence if presence.unanswered)
_OPEN = (Presence.UNCHECKED, Presence.CHECKING)


def order(picture: LiveMatrix, room: int, *, unfolded: bool) -> tuple[list[Node], list[Node]]:
    """The platforms to show in so many rows, and those that are folded into one row more: all in their order where they
    fit; else those with a fault first, then those of which too little is known, and what is well is folded."""
    platforms = picture.platforms
    if len(platforms) <= room:
        return list(platforms), []
    states = {row: picture.state(row) for row in platforms}
    loud = [row for row in platforms if states[row] in _BAD] + [row for row in platforms if states[row] in _UNKNOWN]
    met = set(loud)
    quiet = [row for row in platforms if row not in met]
    if unfolded:
        return [*loud, *quiet], []
    shown = [] if loud else quiet[: max(1, room - 1)]
    return [*loud, *shown], quiet[len(shown) :]


def fold_row(picture: LiveMatrix, folded: Sequence[Node], key: str) -> GridRow:
    """One row for many: "36 more platforms, all whole (= unfolds)"."""
    states = [picture.state(row) for row in folded]
    waiting = sum(state in _OPEN for state in states)
    # What has layers that live elsewhere is neither: nobody asked there.
    what = "all whole" if all(state.is_there for state in states) else "none known to be broken"
    what = f"{waiting:,} not checked" if waiting else what
    noun = "platform" if len(folded) == 1 else "platforms"
    return GridRow(f"{len(folded):,} more {noun}, {what}  ({key} unfolds)", "label")


def head(picture: LiveMatrix, shown: Sequence[Node], width: int) -> Head:
    """What stands over the columns. A letter stands over a column whose squares all share one layer. Signatures that
    nobody asked for take no room from the layers."""
    rows = [picture.row(row) for row in shown[:200]]
    letters = []
    for place in range(picture.longest):
        found = {row.layers[place].share for row in rows if place < len(row.layers)}
        letters.append(found.pop() if len(found) == 1 else "")
    after = [name for name, some in (("att", any(row.attestations for row in rows)),
                                     ("sig", any(row.signatures for row in rows))) if some]  # fmt: skip
    longest = max((width_of(row.line.platform) for row in rows), default=0)
    notes = max((len(size(row.size)) for row in rows if row.size is not None), default=0) + 1
    top = Head("platform", ("mf", "cf"), picture.longest, tuple(after), "size", longest, notes, tuple(letters))
    if "sig" not in after or any(cell.presence not in (*_OPEN, None) for row in rows for cell in row.signatures):
        return top
    bare = replace(top, after=tuple(after[:-1]))
    return bare if Pitch.of(bare, width).cell > Pitch.of(top, width).cell else top


def grid_row(row: MatrixRow, state: Presence, top: Head, glyphs: Glyphs, tick: int) -> GridRow:
    """One platform."""
    role: Role = "bad" if row.role == "bad" or state in _BAD else "warn" if state in _UNKNOWN else "plain"
    after = {"att": row.attestations, "sig": row.signatures}
    return GridRow(
        row.line.platform,
        role,
        (_square(row.manifest, glyphs, tick), _square(row.config, glyphs, tick)),
        tuple(_square(cell, glyphs, tick) for cell in row.layers),
        tuple(_square(_worst(after[name]), glyphs, tick) for name in top.after),
        size(row.size) if row.size is not None else "",
    )


def _square(cell: Cell | None, glyphs: Glyphs, tick: int) -> Square | None:
    if cell is None or cell.presence is None:
        return None
    role = cell.presence.words.role
    return Square(glyphs.of(cell.presence, tick), FILLED.get(role, role), cell.share)


def _worst(cells: Sequence[Cell]) -> Cell | None:
    """Of several attestations the one to be seen."""
    known = [cell for cell in cells if cell.presence is not None]
    bad = (cell for wanted in (_BAD, _UNKNOWN, _OPEN) for cell in known if cell.presence in wanted)
    return next(bad, next(iter((*known, *cells)), None))


def cell_at(row: MatrixRow, column: int, top: Head) -> Cell | None:
    """What a column stands for in a platform's row; None where there is nothing."""
    if column == 0:
        return row.manifest
    if column == 1:
        return row.config
    place = column - 2
    if place < top.numbered:
        return row.layers[place] if place < len(row.layers) else None
    name = top.after[min(place - top.numbered, len(top.after) - 1)] if top.after else ""
    return _worst({"att": row.attestations, "sig": row.signatures}.get(name, ()))


def first_fault(picture: LiveMatrix, shown: Sequence[Node], top: Head) -> tuple[int, int]:
    """Row and column of the first object that is not there, else of the first that could not be asked; 0 and 0."""
    states = [picture.state(row) for row in shown]
    for wanted in (_BAD, _UNKNOWN):
        for number, state in enumerate(states):
            if state not in wanted:
                continue
            row = picture.row(shown[number])
            for column in range(2 + top.numbered + len(top.after)):
                cell = cell_at(row, column, top)
                if cell is not None and cell.presence in wanted:
                    return number, column
    return 0, 0


def health(picture: LiveMatrix, busy: bool, width: int, *, ascii_only: bool) -> Line:
    """How much of it is there, as a bar and in words: "52 present   3 bad   2 unknown"; while it is checked how far."""
    counts = picture.counts
    bad, unknown = (sum(counts[each] for each in group) for group in (_BAD, _UNKNOWN))
    waiting = sum(counts[each] for each in _OPEN)
    total = sum(counts.values())
    there = total - bad - unknown - waiting
    more = "+" if any(row.load is not Load.READY for row in picture.platforms) else ""
    words: list[tuple[str, Role]] = []
    if busy:
        words.append((f"{total - waiting:,} of {total:,}{more}", "plain"))
    elif there == total and not more:
        words.append((f"{there:,} of {total:,} present", "plain"))
    elif there:
        words.append((f"{there:,} present", "plain"))
    words += [(f"{bad:,} bad", "bad")] if bad else []
    words += [(f"{unknown:,} unknown", "warn")] if unknown else []
    if waiting and not busy:
        words.append((f"{waiting:,}{more} not checked", "label"))
    elif more and not busy:
        words.append(("the rest not known", "label"))
    line = Line(fold="cut")
    said = sum(len(text) + 2 for text, _ in words)
    tally = Tally(there, bad, unknown, waiting)
    for text, drawn in strip(tally, max(4, min(STRIP_CELLS, width - said - 1)), ascii_only=ascii_only):
        line.put(text, drawn)  # type: ignore[arg-type]
    for text, role in words:
        line.put("  " if line.plain else "").put(text, role)
    return line


def legend(picture: LiveMatrix, shown: Sequence[Node], width: int) -> list[Line]:
    """What the letters stand for: "a RUN useradd opam  b COPY opamrc  same on all platforms"."""
    found: dict[str, Cell] = {}
    users: Counter[str] = Counter()
    for node in shown[:200]:
        cells = {cell.share: cell for cell in picture.row(node).layers if cell.share}
        users.update(cells.keys())
        found = cells | found
    if not found:
        return []
    line = Line(fold="cut")
    everywhere = len(shown) == len(picture.platforms) and all(count == len(shown) for count in users.values())
    tail = f"same on {'all' if everywhere else 'several'} platforms"
    room = min(20, (width - len(tail)) // len(found) - 6)
    for letter in sorted(found):
        words = cut(found[letter].node.note or found[letter].name, room) if room >= 10 else ""
        if width_of(line.plain) + width_of(words) + len(tail) + 8 > width and line.plain:
            line.put("…", "dim").put("  ")
            break
        line.put(f" {letter} ", tint(letter))
        line.put(f" {words}  " if words else "  ", "dim")
    return [line.put(tail, "dim")]


def heads(top: Head) -> Line:
    """What the short words over the columns stand for, those that are there."""
    line = Line(fold="cut")
    for name in (*top.before, *top.after):
        line.put("   " if line.plain else "").put(name, "label").put(f" {HEADS[name]}", "dim")
    return line


def index_signatures(cells: Sequence[Cell], tagged: bool, scene: Scene, *, busy: bool = False) -> list[Line]:
    """What is known of the signatures of the index itself, and whether the list of tags names one that cosign made: one
    line, or none where there can be no signature. Of an index that is `busy` being checked no key is told to ask: it
    would stop the check, after which they are asked for."""
    if not cells and not tagged:
        return []
    line = Line(fold="cut").put("index signatures", "label")
    known = [cell for cell in cells if cell.presence is not None]
    if not known and not tagged:
        return [line.put("  none attached", "dim")]
    if tagged or known[0].node.kind is not Kind.REFERRERS:
        line.put(" (not verified)", "dim")
    for presence, count in sorted(Counter(cell.presence for cell in known).items(), key=lambda item: _grade(item[0])):
        assert presence is not None
        role, cell = presence.words.role, known[0]
        line.put(f"  {scene.glyphs.of(presence)} ", role)
        if cell.node.kind is not Kind.REFERRERS:
            line.put(f"{count:,} ", "plain").put(_WORDS.get(presence, presence.value), role)
        elif presence is not Presence.UNCHECKED:
            line.put(cell.detail or presence.value, role)
        elif scene.node.source.why_ask_first:
            line.put(scene.keys.put_in("{key:open} on referrers asks"), "dim")
        else:
            line.put("not asked for", role).put("" if busy else scene.keys.put_in("  {key:check} asks"), "dim")
    return [line.put("  cosign tag listed", "plain") if tagged else line]


def _grade(presence: Presence | None) -> tuple[bool, bool, str]:
    """Orders what is known: faults before doubts before the rest."""
    return presence not in _BAD, presence not in _UNKNOWN, str(presence)


def about(cell: Cell, row: MatrixRow, scene: Scene) -> list[Line]:
    """The object under the cursor: which it is, what is known of it, and what to do where it is not there."""
    node = cell.node
    if node.kind is Kind.REFERRERS:
        return _about_referrers(cell, row, scene)
    observation = scene.observed.observation(node)
    presence = observation.presence
    first = Line(fold="cut").put(row.line.platform, "title").put(f"  {cell.name}", "label")
    if cell.share:
        first.put(f" {cell.share}", "label")
    first.put(f"  {size(node.size)}" if node.size is not None else "", "plain")
    if node.note:
        first.put("  ").put(node.note, "dim")
    role = presence.words.role
    second = Line(hang=2).put(f"{scene.glyphs.of(presence)} ", role).put(_WORDS.get(presence, presence.value), role)
    if observation.detail:
        second.put(f": {observation.detail}", "plain")
    twice = observation.confirmed and presence is Presence.MISSING
    lines = [first, second.put(asked(observation, twice=twice), "dim")]
    if cell.name == "signature":
        second.put(", not verified", "dim")
    if presence in (*_BAD, *_UNKNOWN):
        finding = next((each for each in scene.findings if each.node_key == node.key), None) or next(
            (each for each in scene.findings if node.digest is not None and each.digest == node.digest), None
        )
        if finding is not None:
            lines.append(fix_line(scene, finding))
    return lines


def _about_referrers(cell: Cell, row: MatrixRow, scene: Scene) -> list[Line]:
    """Signatures of which nobody knows whether they are there, or that there are none."""
    first = Line(fold="cut").put(row.line.platform, "title").put(f"  {cell.name}", "label")
    presence = cell.presence
    if presence is None:
        return [first, prose("No signature is attached.", "plain")]
    role = presence.words.role
    second = Line(hang=2).put(f"{scene.glyphs.of(presence)} ", role)
    if presence is Presence.UNCHECKED:
        ask = scene.keys.put_in("{key:open} asks; they are shown, not verified")
        return [first, second.put("not asked for", role).put(f"  {ask}", "dim")]
    return [first, second.put(cell.detail or presence.value, "plain")]


_WORDS = {Presence.UNCHECKED: "not checked", Presence.HASHED: "present, read and hashed"}

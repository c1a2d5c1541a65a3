"""Which entries of an index somebody asked for, by platform: what clients would take for it, and whether that is there.
Pure over rows and what is known of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tui.explore.listing import is_digest_tag
from tui.explore.node import Kind, Load, Node
from tui.explore.objects import entry_name, is_nameless, platform_text
from tui.explore.observations import ObservationStore
from tui.explore.rollup import Pull, asked_for, is_there, platforms_of, pull
from tui.explore.structure import flaws, nobody_asks
from tui.explore.tree import observe
from tui.oci.platform import Platform, choose, choose_exactly

#: Of one library, with one way to choose.
_OTHERS = "skopeo and podman"


def called(row: Node) -> str:
    """What a sentence calls a platform's row."""
    return entry_name(row) if is_nameless(row) else platform_text(row) or row.label


@dataclass(frozen=True, slots=True)
class Answer:
    """What there is for one platform that somebody asked for, or expects."""

    platform: Platform
    row: Node | None
    """The row that clients take; None when there is none."""
    state: Pull
    """Whether that can be pulled: NO when there is none, UNKNOWN when the index itself was not read."""
    expected: bool = False
    """Whether it has to be this very platform."""
    elsewhere: Node | None = None
    """The row that skopeo, buildah and podman take."""
    skopeo: Pull = Pull.UNKNOWN
    """Whether skopeo can copy that."""

    @property
    def exact(self) -> bool:
        """Whether the row says that it is for this platform, and not for another that will do."""
        return self.row is not None and self.row.platform is not None and self.row.platform.matches(self.platform)

    @property
    def sentence(self) -> str:
        """What is worth saying of it beyond the verdict on the row; "" when nothing is. Safe."""
        if self.expected:
            if self.state is Pull.YES:
                return ""
            if self.row is None and self.state is Pull.NO:
                return f"Expected {self.platform}: not found."
            words = "cannot be pulled" if self.state is Pull.NO else "could not be checked"
            return f"Expected {self.platform}: {words}."
        if self.row is None:
            return "" if self.state is Pull.UNKNOWN else f"No image for {self.platform}.{self._others()}"
        if self.exact:
            return self._others().strip()
        if self.row.is_index:
            return ""  # it was not followed: what is taken below it, if anything, nobody read
        return f"For {self.platform} containerd and Docker take {self._named(self.row)}.{self._others()}"

    @property
    def taken_elsewhere(self) -> str:
        """Which row some clients choose though there is none for the platform, as a sentence; "" when there is none."""
        chosen = self.row is None and self.elsewhere is not None and self.skopeo is not Pull.NO
        return self._others().strip() if chosen else ""

    def _others(self) -> str:
        if self.elsewhere is self.row or self.row is None or not _in_index(self.row):
            return "" if self.elsewhere is self.row else f" {_OTHERS} take {self._named(self.elsewhere)}."
        if self.elsewhere is None:
            return f" {_OTHERS} find nothing for {self.platform}."
        if self.elsewhere.is_index:
            return ""  # that a nested index is refused is said by itself
        return f" {_OTHERS} take {self._named(self.elsewhere)}."

    def _named(self, row: Node | None) -> str:
        if row is None:
            return "nothing"
        digest = f" ({row.digest.short})" if row.digest is not None and not is_nameless(row) else ""
        return f"{called(row)}{digest}"

    def line(self) -> str:
        """The answer in a line of text. Safe."""
        word = "expected " if self.expected else ""
        if self.row is None:
            return f"{word}{self.platform}: {'unknown' if self.state is Pull.UNKNOWN else 'not found'}"
        can = {Pull.YES: "can be pulled", Pull.NO: "cannot be pulled", Pull.UNKNOWN: "not determined"}[self.state]
        takes = "" if self.exact else f"{called(self.row)}, "
        return f"{word}{self.platform}: {takes}{self.row.digest or 'no digest'}, {can}"

    def to_json(self) -> dict[str, Any]:
        """An element of `asked` or `expected` of a report."""
        return {
            "platform": str(self.platform),
            "takes": called(self.row) if self.row is not None else None,
            "digest": self.row.digest if self.row is not None else None,
            "exact": self.exact,
            "pullable": _WORDS[self.state],
            **({} if self.expected else {"skopeo": _WORDS[self.skopeo]}),
        }


_WORDS = {Pull.YES: True, Pull.NO: False, Pull.UNKNOWN: None}


def _in_index(row: Node) -> bool:
    return row.parent is not None and row.parent.is_index


@dataclass(frozen=True, slots=True)
class Choice:
    """The platforms that somebody asked for, each with containerd's fallbacks, and those that have to be there exactly.

    As a function of a row of a platform it says whether the row is one of those: before the row itself was read.
    """

    platforms: tuple[Platform, ...] = ()
    expected: tuple[Platform, ...] = ()

    def __call__(self, row: Node) -> bool:
        if not self.platforms:
            return True
        if any(row.platform is not None and row.platform.matches(platform) for platform in self.expected):
            return True
        return any(self._is_taken(row, platform) for platform in self.platforms)

    def _is_taken(self, row: Node, platform: Platform) -> bool:
        while row.parent is not None and row.parent.is_index:
            if _choose(row.parent, platform) is not row:
                return False
            row = row.parent
        return True

    def answers(self, node: Node, observations: ObservationStore) -> tuple[Answer, ...]:
        """What there is for each of them below a row of an image or an index."""
        asked = [self._asked(node, platform, observations) for platform in self.platforms]
        if node.tag is not None and is_digest_tag(node.tag):
            return tuple(asked)  # a signature is for no platform, and none is expected of it
        return (*asked, *(_expected(node, platform, observations) for platform in self.expected))

    def _asked(self, node: Node, platform: Platform, observations: ObservationStore) -> Answer:
        if node.load is not Load.READY:
            return Answer(platform, None, Pull.UNKNOWN)
        row, other = taken(node, platform), taken_by_skopeo(node, platform)
        state = _state(node, row, observations)
        return Answer(platform, row, state, elsewhere=other, skopeo=_copied(node, other, observations))


def _expected(node: Node, platform: Platform, observations: ObservationStore) -> Answer:
    if node.load is not Load.READY:
        return Answer(platform, None, Pull.UNKNOWN, expected=True)
    rows = asked_for(platforms_of(node)) if node.is_index else [node]
    row = next((row for row in rows if row.platform is not None and row.platform.matches(platform)), None)
    unread = row is None and any(each.load is not Load.READY and each.platform is None for each in rows)
    state = Pull.UNKNOWN if unread else _state(node, row, observations)
    return Answer(platform, row, state, expected=True)


def _state(node: Node, row: Node | None, observations: ObservationStore) -> Pull:
    if row is None or (node.is_index and nobody_asks(platforms_of(node))):
        return Pull.NO
    return pull(row, lambda part: observe(part, observations))


def _copied(node: Node, row: Node | None, observations: ObservationStore) -> Pull:
    """Whether skopeo can copy the row of an entry: it follows no index in an index, and looks at no size."""
    if row is None or (row.is_index and row is not node):
        return Pull.NO
    if any("skopeo" in flaw.refused_by for each in (node, row) for flaw in flaws(each)):
        return Pull.NO
    return is_there(row, lambda part: observe(part, observations), sizes=False)


def _entries(index: Node) -> list[Node]:
    return [child for child in index.children if child.kind in (Kind.MANIFEST, Kind.INDEX)]


def _offers(rows: Sequence[Node]) -> list[Platform | None]:
    return [row.descriptor.platform if row.descriptor is not None else None for row in rows]


def _choose(index: Node, platform: Platform) -> Node | None:
    rows = _entries(index)
    place = choose(platform, _offers(rows))
    return rows[place] if place is not None else None


def taken(node: Node, platform: Platform) -> Node | None:
    """The row that containerd takes below an index, or the image itself; an index that was not followed stands for
    what is in it. None when there is nothing for this platform."""
    row: Node = node
    while row.is_index and row.load is Load.READY:
        below = _choose(row, platform)
        if below is None:
            return row if any(child.kind is Kind.FAULT for child in row.children) and row is not node else None
        row = below.held
    named = row.descriptor is not None and row.descriptor.platform is not None and row is not node
    if not named and row.platform is not None and not row.is_index and choose(platform, [row.platform]) is None:
        return None  # its config says what it is for
    return row


def taken_by_skopeo(node: Node, platform: Platform) -> Node | None:
    """The row that skopeo, buildah and podman take: an entry of the index itself, and any image that stands alone."""
    if not node.is_index:
        return node
    rows = _entries(node)
    place = choose_exactly(platform, _offers(rows))
    return rows[place] if place is not None else None

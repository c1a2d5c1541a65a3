"""How much of a list was looked at: what was not looked at is never passed over in silence. Pure; asks nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tui.explore.node import Kind, Load, Node
from tui.text import plural

_LISTS = frozenset({Kind.SOURCE, Kind.REPOSITORY, Kind.GROUP})
_LOADED = (Load.READY, Load.FAILED)


@dataclass(frozen=True, slots=True)
class Coverage:
    """`looked` of `listed` tags were looked at; `whole` is False when the list itself may have more of them, and
    `unlisted` is how many repositories' tags nobody listed. `why` (sentences, safe) tells what ended it."""

    looked: int
    listed: int
    whole: bool = True
    unlisted: int = 0
    why: str = ""

    @property
    def all_listed(self) -> bool:
        """Whether no tag is hidden in a list that was not read to its end."""
        return self.whole and not self.unlisted

    @property
    def complete(self) -> bool:
        """Whether everything that there is to look at was looked at."""
        return self.looked >= self.listed and self.all_listed

    @property
    def counted(self) -> str:
        """How many of how many tags: "1,000 of 20,000 tags"."""
        of = self.listed if self.whole else max(self.listed, self.looked)
        if self.looked >= self.listed:
            return plural(self.looked, "tag")
        return f"{self.looked:,} of {'' if self.whole else 'at least '}{plural(of, 'tag')}"

    @property
    def rest(self) -> str:
        """What was not looked at; "" when that is nothing."""
        parts = []
        if self.listed > self.looked:
            parts.append(plural(self.listed - self.looked, "tag"))
        if self.unlisted:
            parts.append(plural(self.unlisted, "repository", "repositories"))
        if not parts:
            return "" if self.whole else "the list of tags is not complete"
        one = self.listed - self.looked + self.unlisted == 1
        text = f"{' and '.join(parts)} {'was' if one else 'were'} not looked at"
        return text if self.whole else f"{text}, and the list of tags is not complete"

    @property
    def sentence(self) -> str:
        """What was looked at, and why not the rest."""
        verb = "was" if (self.looked if self.looked >= self.listed else self.listed) == 1 else "were"
        parts = [f"{self.counted} {verb} checked"]
        if self.looked >= self.listed and not self.whole:
            parts.append(", and there may be more")
        if self.unlisted:
            parts.append(f"; the tags of {plural(self.unlisted, 'repository', 'repositories')} were not listed")
        return "".join(parts) + (f": {self.why}" if self.why else ".")

    def to_json(self) -> dict[str, object]:
        """The field `tags` of a report on what was not looked at."""
        return {"checked": self.looked, "listed": self.listed, "listComplete": self.whole}


def coverage(node: Node) -> Coverage:
    """How much below a row that holds a list was loaded, as the rows say that are there now."""
    looked = listed = unlisted = 0
    whole = True
    why = ""
    for place in _repositories(node):
        listing = place.listing
        if listing is None:
            unlisted += 1
            looked += sum(row.load in _LOADED for row in _tags(place))
            continue
        names = {row.tag or str(row.wanted or "") for row in _tags(place) if row.load in _LOADED}
        looked += sum(name in listing for name in names)
        listed += len(listing)
        if not listing.complete:
            whole, why = False, why or listing.note
    if node.kind is Kind.SOURCE and node.listing is not None:
        shown = sum(child.kind is Kind.REPOSITORY and child.repository in node.listing for child in node.children)
        unlisted += max(0, len(node.listing) - shown)
    return Coverage(looked, listed if not unlisted else max(listed, looked), whole, unlisted, why)


def _repositories(node: Node) -> Iterator[Node]:
    if node.kind is Kind.SOURCE:
        yield from (child for child in node.children if child.kind is Kind.REPOSITORY)
    elif node.kind is Kind.GROUP and node.parent is not None:
        yield node.parent
    elif node.kind in _LISTS:
        yield node


def _tags(place: Node) -> Iterator[Node]:
    """The rows of a repository's tags, those in its group of digest tags too."""
    for child in place.children:
        if child.kind is Kind.GROUP:
            yield from child.children
        elif child.kind not in (Kind.MORE, Kind.FAULT):
            yield child

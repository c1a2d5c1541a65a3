"""Reading long lists (tags, repositories) page by page, and turning what is shown of them into rows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

from tui.explore.digest_tags import digest_tag
from tui.explore.inspector import JobRequest
from tui.explore.listing import BY_WHAT_IS_KNOWN, ROWS, Listing
from tui.explore.loader import Loader, fault
from tui.explore.node import Kind, Load, Node
from tui.explore.scheduler import Job
from tui.explore.tag_table import leading
from tui.oci.digest import Digest
from tui.oci.errors import MalformedDigest
from tui.oci.reference import is_repository, is_tag
from tui.registry.page import Page
from tui.sources.base import SourceError
from tui.text import safe

#: So many names of a page are sorted in before others have their turn.
_SLICE = 200


class Lists:
    """Loads repositories' tag lists and sources' catalogs. Names are data; only what is shown becomes rows."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader
        self._tree = loader.tree
        self._folded: dict[Node, list[str]] = {}
        self._picked: set[Node] = set()

    def load(self, node: Node, request: JobRequest) -> Job | None:
        """Read the list of a REPOSITORY or SOURCE row. None when it was read."""
        if node.load is Load.READY and not request.fresh:
            return None
        return self._loader.row_job(node, "list", partial(self._read, node), request)

    async def _read(self, node: Node) -> None:
        old = node.listing
        listing = Listing(fold=node.kind is Kind.REPOSITORY, blank=not node.source.capabilities.remote)
        if old is not None:
            listing.filter, listing.kept, listing.limit = old.filter, old.kept, old.limit
            listing.order, listing.order_chosen = old.order, old.order_chosen
        node.listing = listing
        try:
            async for page in self._pages(node):
                for at in range(0, len(page.names), _SLICE):
                    listing.add(page.names[at : at + _SLICE])
                    await asyncio.sleep(0)  # a page may hold any number of names, and somebody may be typing
                listing.complete = page.complete
                if page.note:
                    listing.note = page.note
                self._remember(node, listing, page)
                self.show(node)
        except SourceError as error:
            if node.kind is Kind.SOURCE and node.children:
                # Repositories that were named by hand stay; a catalog is not offered everywhere
                # (docs/protocol-notes.md, E-09).
                node.load, node.error, listing.note = Load.READY, None, error.sentence
                self.show(node)
                self._tree.changed(node)
                return
            self._loader.fail(node, error)
            return
        node.load, node.error = Load.READY, None
        self.show(node)
        self._tree.changed(node)

    def _pages(self, node: Node) -> AsyncIterator[Page]:
        if node.kind is Kind.SOURCE:
            return node.source.repositories()
        return node.source.tags(node.repository or "")

    def _remember(self, node: Node, listing: Listing, page: Page) -> None:
        observations = self._tree.observations
        if node.kind is Kind.SOURCE:
            for name in page.names:
                if name in listing:
                    observations.see_repository(node.source, name)
        else:
            observations.set_tag_names(node.source, node.repository or "", listing.names)

    def filter(self, node: Node, text: str, keep: Node | None) -> None:
        """As `Explorer.set_filter`."""
        listing = node.listing
        assert listing is not None
        within = (keep, *keep.ancestors()) if keep is not None else ()
        kept = next(
            (_name(row) for row in within if row.parent is node and row.kind in (Kind.TAG, Kind.REPOSITORY)), None
        )
        if listing.filter != text:
            listing.limit = ROWS
        elif listing.kept == kept:
            return
        listing.filter, listing.kept = text, kept
        self.show(node)

    def show(self, node: Node) -> None:
        """Make rows of what filter, order and limit let through, keeping rows that are there already."""
        listing = node.listing
        if listing is None:
            return
        known = BY_WHAT_IS_KNOWN if node.parts else ()
        first = leading(node.parts, listing.order, self._tree.rollup) if listing.order in known else ()
        view = listing.view([name for row in first if (name := _name(row)) is not None])
        mark = "|" if node.kind is Kind.SOURCE else ":"
        rows = [self._tree.get(f"{node.key}{mark}{name}") or self._row(node, name) for name in view.names]
        if node.kind is Kind.SOURCE:
            named = {row.key for row in rows}
            rows.extend(
                child
                for child in node.parts
                if child.kind is Kind.REPOSITORY and child.key not in named and child.repository not in listing
            )
        if view.folded:
            rows.append(self._group(node, view.folded, listing.folded))
        if view.more:
            rows.append(_more(node, view.more))
        if listing.note:
            rows.append(fault(node, "incomplete", listing.note))
        if not self._only_more(node, rows):
            self._tree.replace_children(node, rows, lambda row: _looked_at(row) and _name(row) in listing)

    def _only_more(self, node: Node, rows: list[Node]) -> bool:
        """Whether these rows are there already and only the one that says how many more there are says something else;
        then it does from now on. Nearly every page of a long list is so."""
        shown = node.children
        if len(shown) != len(rows) or not rows or not shown[-1].kind is rows[-1].kind is Kind.MORE:
            return False
        if any(one is not other for one, other in zip(shown[:-1], rows[:-1], strict=True)):
            return False
        shown[-1].label, shown[-1].note = rows[-1].label, rows[-1].note
        self._tree.changed(shown[-1])
        return True

    def key_in(self, node: Node, name: str) -> str:
        """The key of the row of a name of a list."""
        return self._row(node, name).key

    def pick(self, node: Node, name: str) -> Node:
        """The row of a name of a list that was read; in the tree until it is `put_back` if it was not there."""
        row = self._row(node, name)
        known = self._tree.get(row.key)
        if known is not None:
            return known
        self._tree.register(row)
        self._picked.add(row)
        return row

    def put_back(self, row: Node) -> None:
        """What is below a row goes away, and so does the row if the tree had none for that name."""
        below = [each for each in row.walk() if each is not row]
        self._tree.replace_children(row, [])
        for each in below:
            each.children, each.hidden = [], []  # rows that name one another would stay until all memory is searched
        if row in self._picked:
            self._picked.discard(row)
            self._tree.unregister(row)
        else:
            self._empty(row)

    def names(self, node: Node) -> list[str]:
        """The names of a list that was read, without those that nobody can ask for (docs/protocol-notes.md, E-06)."""
        names = node.listing.ordered() if node.listing is not None else []
        if not node.source.capabilities.remote:
            return names
        return [name for name in names if (is_repository(name) if node.kind is Kind.SOURCE else is_tag(name))]

    def _empty(self, row: Node) -> None:
        def drop() -> None:
            row.manifest = row.config = None

        self._tree.identify(row, drop)
        row.load, row.error = Load.IDLE, None

    def _row(self, node: Node, name: str) -> Node:
        if node.kind is Kind.SOURCE:
            return repository_row(node, name)
        return tag_row(node, name, node.repository or "")

    def _group(self, node: Node, names: list[str], count: int) -> Node:
        key = f"{node.key}/digest-tags"
        group = self._tree.get(key) or Node(
            key=key, kind=Kind.GROUP, source=node.source, repository=node.repository, parent=node, expandable=True
        )
        group.label = f"{count:,} digest tags"
        group.note = "from tools: signatures, attestations, referrers"
        if self._folded.get(group) != names:
            self._folded[group] = names
            if group.load is Load.READY:
                self.open_group(group)
        return group

    def open_group(self, group: Node) -> None:
        """Show the rows of a group of digest tags. Asks nothing."""
        names = self._folded.get(group, [])
        group.load = Load.READY
        rows = [tag_row(group, name, group.repository or "") for name in names[:ROWS]]
        listed = group.parent.listing if group.parent is not None and group.parent.listing is not None else ()
        self._tree.replace_children(group, rows, lambda row: _looked_at(row) and _name(row) in listed)
        self._tree.changed(group)


def _looked_at(row: Node) -> bool:
    """Whether something is known of a row, or of one below it, that would have to be asked for again."""
    if row.kind in (Kind.FAULT, Kind.MORE):
        return False
    return row.load is not Load.IDLE or bool(row.parts)


def _name(row: Node) -> str | None:
    """The name in a list that a row stands for; for the group of digest tags the name of one that was looked at."""
    if row.kind is Kind.REPOSITORY:
        return row.repository
    if row.kind is Kind.GROUP:
        return next((part.tag for part in row.parts if _looked_at(part)), None)
    return row.tag if row.tag is not None else str(row.wanted)


def repository_row(source: Node, name: str) -> Node:
    """The row of a repository."""
    row = Node(
        key=f"{source.key}|{name}",
        kind=Kind.REPOSITORY,
        source=source.source,
        repository=name,
        label=safe(name, limit=255) or "images",
        parent=source,
        expandable=not source.source.capabilities.remote or is_repository(name),
    )
    return row if row.expandable else _unspeakable(row, "repository")


def tag_row(parent: Node, name: str, repository: str) -> Node:
    """The row of a tag. A name that is no tag is shown and never asked for (docs/protocol-notes.md, E-06)."""
    row = Node(
        key=f"{parent.key}:{name}",
        kind=Kind.TAG,
        source=parent.source,
        repository=repository,
        label=safe(name, limit=160),
        tag=name,
        parent=parent,
        expandable=not parent.source.capabilities.remote or is_tag(name),
    )
    made = digest_tag(name)
    row.note = made.name if made is not None else ""
    if row.expandable and not is_tag(name) and _is_digest(name):
        row.tag, row.wanted, row.label = None, Digest.parse(name), Digest.parse(name).short
        row.kind = Kind.MANIFEST
    return row if row.expandable else _unspeakable(row, "tag")


def _is_digest(name: str) -> bool:
    try:
        return bool(Digest.parse(name))
    except MalformedDigest:
        return False


def _unspeakable(row: Node, what: str) -> Node:
    row.kind, row.load, row.code = Kind.FAULT, Load.READY, "bad-name"
    row.note = f"not a valid {what} name; not requested"
    return row


def _more(node: Node, count: int) -> Node:
    return Node(
        key=f"{node.key}/more",
        kind=Kind.MORE,
        source=node.source,
        repository=node.repository,
        label=f"{count:,} more",
        note=f"{{key:open}} shows the next {min(count, ROWS):,}",
        parent=node,
    )

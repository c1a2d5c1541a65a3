"""Moving about the tree, going to references and digests, and back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tui.app.actions import action
from tui.app.opened import Opened
from tui.app.pages.exchange import exchange_page
from tui.app.pages.parts import prose
from tui.app.screens.dialogs import Confirm, Reader
from tui.app.styled_text import Lines, Target
from tui.explore.availability import unavailable_back, unavailable_open, unavailable_selected, unavailable_toggle
from tui.explore.node import Kind, Load, Node
from tui.oci.digest import Digest
from tui.oci.errors import OciError
from tui.oci.reference import split_selector
from tui.sources.pasted import READABLE, read_pasted
from tui.sources.spec import parse_source
from tui.teach.events import EventKind
from tui.text import plural, safe

if TYPE_CHECKING:
    from tui.app.screens.main import MainScreen


#: `=` asks before it would fetch more manifests than this.
ASK_ABOVE = 200
#: `=` never opens more rows than this in one go.
OPEN_AT_MOST = 2_000
#: A digest as the screen writes it, with or without its algorithm.
_SHORT = re.compile(r"(?:sha256:)?([0-9a-f]{7,63})…?")


class Navigation:
    """The cursor, what is open, and the way back."""

    def __init__(self, screen: MainScreen) -> None:
        self.screen = screen
        self.images = screen.images
        self.page_view = screen.page_view
        self.places: list[str] = []
        """The keys of the rows to go back to, the last one first to come."""
        self.opened = Opened(screen)
        self.begins_at: Node | None = None
        """What was opened first: the cursor goes on to its first row that is worth opening, unless it was moved."""

    def _move(self, where: str) -> None:
        if self.screen.pane == "detail":
            if not self.screen.picture.move(where):
                self.page_view.move(where)
        elif self.screen.pane == "requests":
            self.screen.requests.move(where)
        else:
            self.images.move(where)

    @action("up", keys="up,k", title="up", words="Move up", group="Move")
    def up(self) -> None:
        self._move("up")

    @action("down", keys="down,j", title="down", words="Move down", group="Move")
    def down(self) -> None:
        self._move("down")

    @action(
        "left", keys="left,h", title="collapse", words="Collapse, else go to the parent; in a matrix left", group="Move"
    )
    def left(self) -> None:
        if self.screen.pane != "tree":
            if not self.screen.picture.move("left"):
                self.screen.panes.focus_pane(1)
            return
        node = self.screen.current
        if node is None:
            return
        if self.images.is_open(node):
            self.images.close_row(node)
        elif node.parent is not None:
            self.images.go(node.parent)

    @action(
        "right",
        keys="right,l",
        title="expand",
        words="Expand, else go to the first child; in a matrix right",
        group="Move",
    )
    def right(self) -> None:
        node = self.screen.current
        self.screen.picture.move("right")
        if self.screen.pane != "tree" or node is None:
            return
        if not node.expandable:
            return
        if not self.images.is_open(node):
            self.images.open_row(node)
        elif children := self.images.children_of(node):
            self.images.go(children[0])

    @action("top", keys="home,g", title="top", words="Go to the first line", group="Move")
    def top(self) -> None:
        self._move("top")

    @action("bottom", keys="end,G", title="bottom", words="Go to the last line", group="Move")
    def bottom(self) -> None:
        self._move("bottom")

    @action("page-up", keys="pageup,ctrl+u", title="page up", words="One page up", group="Move")
    def page_up(self) -> None:
        self._move("page-up")

    @action("page-down", keys="pagedown,ctrl+d", title="page down", words="One page down", group="Move")
    def page_down(self) -> None:
        self._move("page-down")

    @action(
        "open",
        keys="enter",
        title="open",
        words="Open",
        group="Move",
        unavailable=unavailable_open,
        rank=1,
    )
    async def open(self) -> None:
        """Enter: follow the chosen link, show the request, load the next page, or expand and show."""
        if self.screen.pane == "detail":
            if self.screen.picture.view.has_focus and self.page_view.chosen is None:
                await self.open_cell()
            elif not self.page_view.follow():
                text = "{key:next-pane} chooses a link on this page, {key:open} follows it."
                self.screen.say(self.screen.keys.put_in(text))
            return
        if self.screen.pane == "requests":
            await self.show_exchange()
            return
        node = self.screen.chosen
        if node is not None:
            await self.open_node(node)

    async def open_cell(self) -> None:
        """Go to the object under the cursor of the matrix, unfold the platforms that are folded there, or ask for the
        signatures of which nothing is known yet."""
        node = self.screen.picture.target
        if node is None:
            self.screen.picture.fold(unfolded=True)
            return
        if node.kind is Kind.REFERRERS and node.load not in (Load.READY, Load.LOADING):
            await self.screen.explorer.open(node)
            return
        self.remember()
        if await self.highlight(node):
            self.screen.panes.focus_pane(1)

    async def open_node(self, node: Node) -> None:
        """Open a row: the next page of a list, or what is below it, or the detail of what has nothing below."""
        if node.kind is Kind.MORE:
            await self.screen.explorer.load_more(node)
        elif node.expandable:
            if not self.images.is_open(node):
                self.images.open_row(node)
            elif node.kind is not Kind.SOURCE or not self.to_first(node):
                self.images.close_row(node)
        else:
            self.screen.panes.focus_pane(2)
            words = "No rows below; the detail has the focus. {key:escape} returns to the tree."
            self.screen.say(self.screen.keys.put_in(words))

    def to_first(self, node: Node) -> bool:
        """Go to the first row below an open one that is worth opening; False when there is none."""
        first = next((child for child in self.images.children_of(node) if child.expandable), None)
        return first is not None and self.images.go(first)

    def expanded(self, node: Node) -> None:
        """A row was expanded: ask for what is below it."""
        if self.screen.ready:
            self.screen.start(self.load(node), f"open {node.key}", group=f"open:{node.key}", exclusive=True)
            self.screen.redraw.focus_engine()

    def collapsed(self, node: Node) -> None:
        """A row was collapsed: what only it wanted may stop."""
        if self.screen.ready:
            self.screen.explorer.leave(node)
            self.screen.redraw.focus_engine()

    async def load(self, node: Node) -> None:
        """Ask for what is below a row. Failures are on the row itself."""
        await self.screen.explorer.open(node)
        self.screen.redraw.sync_tree()
        self.images.reveal(node)
        if node is self.begins_at:
            self.begins_at = None
            if node.kind is Kind.SOURCE and self.screen.current is node:
                self.to_first(node)
        if node.load is Load.READY and node.kind is not Kind.MORE:
            self.screen.observer.publish_about(EventKind.OPENED, node)
            if node.top() is node:
                self.opened.note(node)
            if node.top() is node and self.images.is_open(node):
                self.screen.explorer.check_unasked(node)
        self.screen.detail.refresh()
        self.screen.status.refresh_verdict()

    @action(
        "toggle",
        keys="space",
        title="fold",
        words="Expand or collapse the row",
        group="Move",
        unavailable=unavailable_toggle,
    )
    def toggle(self) -> None:
        node = self.screen.current
        if self.screen.pane == "detail":
            self.page_view.move("page-down")
        elif node is not None:
            if self.images.is_open(node):
                self.images.close_row(node)
            else:
                self.images.open_row(node)

    @action(
        "collapse-all",
        keys="minus",
        title="collapse all",
        words="Collapse everything below",
        group="Move",
        unavailable=unavailable_selected,
    )
    def collapse_all(self) -> None:
        if self.screen.picture.fold(unfolded=False):
            return
        if (node := self.screen.current) is not None:
            self.images.collapse_below(node)

    @action(
        "expand-all",
        keys="equals_sign",
        title="expand all",
        words="Expand everything below",
        group="Move",
        unavailable=unavailable_selected,
    )
    async def expand_all(self) -> None:
        """Open everything below the row, level by level; asks before it would fetch many manifests."""
        start = self.screen.chosen
        if start is None or self.screen.picture.fold(unfolded=True):
            return
        opened = 0
        agreed = False
        level = [start]
        while level:
            unread = [node for node in level if node.load is Load.IDLE and node.kind is not Kind.MORE]
            if not agreed and opened + len(unread) > ASK_ABOVE:
                text = f"Load {len(unread):,} manifests? Limit: {OPEN_AT_MOST:,}."
                dialog = Confirm("Expand all below", Lines([prose(text)]), yes="load")
                agreed = await self.screen.ask(dialog) is True
                if not agreed:
                    return
            following: list[Node] = []
            for node in level:
                if opened >= OPEN_AT_MOST:
                    self.screen.say(f"Stopped after {plural(opened, 'row')}.", severity="warning")
                    return
                if node.load is Load.IDLE:
                    opened += 1
                    await self.screen.explorer.open(node)
                self.images.expand_quietly(node)
                following += [child for child in self.images.children_of(node) if _worth_opening(child)]
            level = following
        self.screen.redraw.sync_tree()
        self.images.reveal(start)
        self.screen.detail.refresh()
        self.screen.status.refresh_verdict()

    @action(
        "back",
        keys="backspace,alt+left",
        title="back",
        words="Back to the previous item",
        group="Move",
        unavailable=unavailable_back,
    )
    async def back(self) -> None:
        while self.places:
            node = self.screen.explorer.get(self.places.pop())
            if node is not None:
                await self.highlight(node)
                self.screen.panes.focus_pane(1)
                return
        self.screen.say("Previous item is gone.")

    @action(
        "go",
        keys="o,colon",
        title="go to",
        words="Go to a reference, digest, repository or source",
        group="Look",
        rank=12,
    )
    async def go(self) -> None:
        """Ask for a reference, digest, repository or source, and go there."""
        text = await self.opened.ask("Go to", alone=False)
        if text:
            await self.go_to(text)

    async def go_to(self, text: str) -> Node | None:
        """Open whatever a text names, or what was pasted is about; a digest alone is looked for in the repository of
        the cursor."""
        assert self.screen.services is not None
        stripped, what = _meant(text)
        if what:
            self.screen.say(f"Read as {safe(stripped, limit=200)} ({what}).")
        if (seen := self._seen(stripped)) or stripped.startswith(("sha256:", "sha512:")):
            await self.show_object(seen or stripped)
            return self.screen.current
        try:
            self.remember()
            node = self._nearby(stripped) or await self.screen.services.open(stripped)
        except OciError as error:
            self.screen.say(str(error), title="Not a reference", severity="error", timeout=12)
            return None
        self.opened.note(node)
        self.screen.redraw.sync_tree()
        await self.highlight(node)
        if node.expandable:
            self.images.open_row(node)
        return node

    def unreadable(self, text: str) -> str:
        """Why `go_to` could open nothing by this text, as far as the text tells; "" when it may."""
        meant, _ = _meant(text)
        if (self.screen.current is not None and meant.startswith((":", "@", "/"))) or self._seen(meant):
            return ""
        try:
            if meant.startswith(("sha256:", "sha512:")):
                Digest.parse(meant)
            else:
                parse_source(meant)
        except OciError as error:
            return f"{error} {READABLE}"
        return ""

    def _seen(self, text: str) -> str:
        """The digest of the tree that begins so, as the screen writes digests; "" where none does, or several."""
        written = _SHORT.fullmatch(text)
        if written is None:
            return ""
        rows = (row for root in self.screen.explorer.roots for row in root.walk())
        found = {row.digest for row in rows if row.digest is not None and row.digest.encoded.startswith(written[1])}
        return str(found.pop()) if len(found) == 1 else ""

    def _nearby(self, text: str) -> Node | None:
        """A row of the source that the cursor is in: `:tag` of its repository, `/repository`, or the name of a
        repository that it is known to have (which else would mean Docker Hub's). None when it means another place."""
        here = self.screen.current
        if here is None:
            return None
        name, selector = split_selector(text)
        known = self.screen.explorer.observations.repositories(here.source)
        if not name and selector:
            name = here.repository or ""
        elif name.startswith("/"):
            name = name.removeprefix("/")
        elif name not in known or here.source.capabilities.names_with_registry:
            return None  # Docker's lists are named with their registry: a name of that kind means the registry
        if not name:
            return None
        if selector:
            return self.screen.explorer.add_selector(here.source, name, selector)
        return self.screen.explorer.add_repository(here.source, name)

    def remember(self) -> None:
        """Put the row under the cursor on the way back."""
        if self.screen.current is not None and (not self.places or self.places[-1] != self.screen.current.key):
            self.places.append(self.screen.current.key)
            del self.places[:-200]

    async def highlight(self, node: Node | str) -> bool:
        """Put the cursor on a row (or the row with that key), opening what is above it."""
        found = self.screen.explorer.get(node) if isinstance(node, str) else node
        if found is None:
            return False
        self.screen.redraw.sync_tree()
        if self.images.go(found) or (self.screen.search.uncover(found) and self.images.go(found)):
            return True
        if self.screen.checking.problems_only:
            self.screen.checking.problems_only = False
            self.screen.checking.refilter()
            return self.images.go(found)
        return True

    async def show_object(self, digest: str) -> None:
        """Go to an object by its digest: a row that is there already, nearest first, else a new one in this
        repository."""
        try:
            wanted = Digest.parse(digest)
        except OciError as error:
            self.screen.say(str(error), severity="error")
            return
        node = self.find_row(wanted)
        if node is not None:
            self.remember()
            await self.highlight(node)
            return
        here = self.screen.current
        if here is None or here.repository is None:
            self.screen.say("Select a repository first: a digest belongs to one.", severity="warning")
            return
        self.remember()
        self.screen.say(f"{wanted.short} is not in the tree; requesting it from {safe(here.repository)}.")
        added = await self.screen.explorer.add_reference(here.source, here.repository, str(wanted))
        self.screen.redraw.sync_tree()
        await self.highlight(added)
        self.images.open_row(added)

    def find_row(self, digest: Digest) -> Node | None:
        """The nearest row of an object: below the cursor's row, in its image, in its repository, anywhere."""
        here = self.screen.current
        starts: list[Node] = []
        if here is not None:
            starts = [here, *here.ancestors()]
        for start in [*starts, *self.screen.explorer.roots]:
            found = next((row for row in start.walk() if row.digest == digest and row is not here), None)
            if found is not None:
                return found
        return here if here is not None and here.digest == digest else None

    async def follow(self, target: Target) -> None:
        """Go where a link leads."""
        if target.what == "digest":
            await self.show_object(target.value)
        elif target.what == "node":
            self.remember()
            if await self.highlight(target.value):
                self.screen.panes.focus_pane(1)
        elif target.what == "action":
            self.screen.action_act(target.value)
        elif target.what == "copy":
            await self.screen.clipboard.copy_text(target.value, "command")

    async def follow_answer(self, answer: str | None) -> None:
        """Go where a link of a dialog's page led."""
        what, _, value = (answer or "").partition(":")
        if what == "digest":
            await self.show_object(value)
        elif what == "node":
            await self.highlight(value)
        elif what == "copy":
            await self.screen.clipboard.copy_text(value, "text")

    async def show_exchange(self) -> None:
        """The headers of the request under the cursor, with a way to copy it as curl."""
        exchange = self.screen.requests.chosen
        if exchange is None:
            return
        page = exchange_page(exchange)
        answer = await self.screen.ask(Reader(f"Request {exchange.id}", page, copy="copy as curl", menu="copy…"))
        if answer == "menu":
            await self.screen.clipboard.copy_of_request(exchange)
        elif answer:  # the key, or the link that the line is
            await self.screen.clipboard.copy_text(exchange.curl(), "curl")


def _meant(text: str) -> tuple[str, str]:
    """What somebody typed or pasted names, and what it was read from, "" where it is the text itself."""
    stripped = text.strip()
    if "://" in stripped or " " in stripped:
        read = read_pasted(stripped)
        if read.text and read.text != stripped:
            return read.text, read.what
    return stripped, ""


def _worth_opening(node: Node) -> bool:
    return (
        node.expandable and node.held is node and node.kind not in (Kind.MORE, Kind.FAULT, Kind.GROUP, Kind.REFERRERS)
    )

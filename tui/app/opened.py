"""What was opened in this run and before, and the page that offers it: where to begin, and where else to go."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

from tui.app.pages.start import LISTED, StartRow, start_rows
from tui.app.screens.start import Start
from tui.explore.node import Kind, Node
from tui.explore.recap import recap
from tui.resources import sections
from tui.sources.recent import KEPT, Recent, RecentSources

if TYPE_CHECKING:
    from tui.app.screens.main import MainScreen


class Opened:
    """The places in the order in which they were opened; kept on disk when the program ends."""

    def __init__(self, screen: MainScreen) -> None:
        self.screen = screen
        self._nodes: dict[str, tuple[Node, datetime]] = {}

    @property
    def _kept(self) -> bool:
        """Whether the list is kept: not of the demo, whose address is another each time, nor in a browser."""
        services, settings = self.screen.services, self.screen.settings
        real = services is not None and services.engine is not None and services.demo is None
        return real and settings.recent and not settings.browser

    def note(self, node: Node) -> None:
        """A place was opened: a source, a repository, a tag."""
        source = source_text(node)
        if self._kept and source:
            self._nodes.pop(source, None)
            self._nodes[source] = node, datetime.now(UTC)
            while len(self._nodes) > KEPT:
                del self._nodes[next(iter(self._nodes))]

    def recent(self, most: int = KEPT) -> list[Recent]:
        """What was opened in this run with what is known of it now, what was opened last first."""
        last = islice(reversed(self._nodes.items()), most)
        return [self._recent(source, *opened) for source, opened in last]

    def _recent(self, source: str, node: Node, when: datetime) -> Recent:
        explorer = self.screen.explorer
        sum = explorer.rollup(node)
        verdict = self.screen.findings.verdict(node, explorer) if node.top() is node else None
        presence, words = recap(node, sum, verdict)
        return Recent(source, sum.oldest or when, presence, words)

    async def save(self) -> None:
        """Put what was opened into the file."""
        if self._nodes and self._kept:
            await asyncio.to_thread(RecentSources().add, self.recent())

    async def rows(self, *, demo: bool) -> list[StartRow]:
        """What the page offers. Nothing is asked for it."""
        client, settings = self.screen.client, self.screen.settings
        logins = await asyncio.to_thread(client.logins) if client is not None and not settings.browser else []
        before = await asyncio.to_thread(RecentSources().read) if self._kept else ()
        here = self.recent(LISTED)
        known = {each.source for each in here}
        asked = {root.source.registry for root in self.screen.explorer.roots} if self.screen.ready else set()
        pulls = {}
        for registry in sorted({*(login.registry for login in logins), *(each for each in asked if each)}):
            limit = client.rate_limit(registry) if client is not None else None
            if limit is not None and limit.left:
                pulls[registry] = f"{limit.left} pulls left"
        return start_rows(
            [*here, *(each for each in before if each.source not in known)], logins, pulls, settings.bookmarks,
            glyphs=self.screen.glyphs, now=datetime.now(UTC), demo=demo,
        )  # fmt: skip

    async def ask(self, title: str, *, alone: bool) -> str | None:
        """What to open, as somebody typed, pasted or chose it. `alone`: nothing is open yet."""
        hint = sections("help.md")["start" if alone else "go"]
        refuse = self.screen.navigation.unreadable
        return await self.screen.ask(Start(title, lambda: self.rows(demo=alone), refuse=refuse, hint=hint, alone=alone))


def source_text(node: Node) -> str:
    """The SOURCE that opens a row again, wherever one is then; "" for a row that has none."""
    source, repository = node.source, node.repository
    if node.kind is Kind.SOURCE:
        text = source.registry or source.location("").path or ""
    elif repository is None:
        return ""
    elif node.kind is Kind.REPOSITORY:
        text = source.reference(repository)
    else:
        digest = None if node.tag else node.digest or node.wanted
        text = source.reference(repository, tag=node.tag, digest=digest) if node.tag or digest else ""
    path = source.path
    if path is not None and not path.is_absolute():
        text = text.replace(str(path), os.path.abspath(path), 1)
    return text

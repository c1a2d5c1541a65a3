"""Going to references and digests, and back."""

from __future__ import annotations

from textual import on

from tui.app.actions import action
from tui.app.controllers.filtering import Filtering
from tui.app.styled_text import Target
from tui.app.widgets.page import PageView
from tui.explore.availability import unavailable_back
from tui.explore.node import Node
from tui.oci.digest import Digest
from tui.oci.errors import OciError
from tui.oci.reference import split_selector
from tui.text import safe


class Finding(Filtering):
    """`o`, backspace, and links."""

    # --- going ---------------------------------------------------------------------------------------------------

    @action(
        "go",
        keys="o,colon",
        title="go to",
        words="Open any reference, digest, repository or source",
        group="Look",
        rank=12,
    )
    async def do_go(self) -> None:
        """Ask for a reference, digest, repository or source, and go there."""
        from tui.app.screens.dialogs import Prompt

        bookmarks = self.fan.settings.bookmarks
        hint = (
            "ubuntu:24.04   ghcr.io/owner/app@sha256:…   host:5000/app   oci:PATH   here: :tag   /repository   sha256:…"
        )
        if bookmarks:
            shown = "   ".join(safe(mark, limit=60) for mark in bookmarks[:6])
            hint += f"   bookmarks (→ completes): {shown}"
        text = await self.ask(Prompt("Go to", hint=hint, suggestions=bookmarks))
        if text:
            await self.go_to(text)

    async def go_to(self, text: str) -> Node | None:
        """Open whatever a text names; a digest alone is looked for in the repository of the cursor."""
        assert self.services is not None
        stripped = text.strip()
        if stripped.startswith(("sha256:", "sha512:")):
            await self.show_object(stripped)
            return self.current
        try:
            self.remember()
            node = self._nearby(stripped) or await self.services.open(stripped)
        except OciError as error:
            self.say(str(error), title="That is no reference", severity="error", timeout=12)
            return None
        self.flush()
        await self.highlight(node)
        if node.expandable:
            self.images.open_row(node)
        return node

    def _nearby(self, text: str) -> Node | None:
        """A row of the source that the cursor is in: `:tag` of its repository, `/repository`, or the name of a
        repository that it is known to have (which else would mean Docker Hub's). None when it means another place."""
        here = self.current
        if here is None:
            return None
        name, selector = split_selector(text)
        known = self.explorer.observations.repositories(here.source)
        if not name and selector:
            name = here.repository or ""
        elif name.startswith("/"):
            name = name.removeprefix("/")
        elif name not in known or here.source.capabilities.names_with_registry:
            return None  # Docker's lists are named with their registry: a name of that kind means the registry
        if not name:
            return None
        if selector:
            return self.explorer.add_selector(here.source, name, selector)
        return self.explorer.add_repository(here.source, name)

    def remember(self) -> None:
        """Put the row under the cursor on the way back."""
        if self.current is not None and (not self.places or self.places[-1] != self.current.key):
            self.places.append(self.current.key)
            del self.places[:-200]

    @action(
        "back",
        keys="backspace,alt+left",
        title="back",
        words="Back to where you were before following a digest",
        group="Move",
        unavailable=unavailable_back,
    )
    async def do_back(self) -> None:
        while self.places:
            node = self.explorer.get(self.places.pop())
            if node is not None:
                await self.highlight(node)
                self.focus_pane(1)
                return
        self.say("Where you were is no longer in the tree.")

    async def highlight(self, node: Node | str) -> bool:
        """Put the cursor on a row (or the row with that key), opening what is above it."""
        found = self.explorer.get(node) if isinstance(node, str) else node
        if found is None:
            return False
        self.flush()
        if self.images.go(found) or (self.uncover(found) and self.images.go(found)):
            return True
        if self.problems_only:
            self.problems_only = False
            self.refilter()
            return self.images.go(found)
        return True

    async def show_object(self, digest: str) -> None:
        """Go to an object by its digest: a row that is there already, nearest first, else a new one in this
        repository."""
        try:
            wanted = Digest.parse(digest)
        except OciError as error:
            self.say(str(error), severity="error")
            return
        node = self.find_row(wanted)
        if node is not None:
            self.remember()
            await self.highlight(node)
            return
        here = self.current
        if here is None or here.repository is None:
            self.say("Select a repository first: a digest belongs to one.", severity="warning")
            return
        self.remember()
        self.say(f"{wanted.short} is not in the tree yet; asking {safe(here.repository)} for it as a manifest.")
        added = await self.explorer.add_reference(here.source, here.repository, str(wanted))
        self.flush()
        await self.highlight(added)
        self.images.open_row(added)

    def find_row(self, digest: Digest) -> Node | None:
        """The nearest row of an object: below the cursor's row, in its image, in its repository, anywhere."""
        here = self.current
        starts: list[Node] = []
        if here is not None:
            starts = [here, *here.ancestors()]
        for start in [*starts, *self.explorer.roots]:
            found = next((row for row in start.walk() if row.digest == digest and row is not here), None)
            if found is not None:
                return found
        return here if here is not None and here.digest == digest else None

    @on(PageView.Followed)
    def _followed(self, event: PageView.Followed) -> None:
        event.stop()
        self.start(self.follow(event.link.target), "follow")

    async def follow(self, target: Target) -> None:
        """Go where a link leads."""
        if target.what == "digest":
            await self.show_object(target.value)
        elif target.what == "node":
            self.remember()
            if await self.highlight(target.value):
                self.focus_pane(1)
        elif target.what == "action":
            await self.action_act(target.value)
        elif target.what == "copy":
            await self.copy_text(target.value, "command")

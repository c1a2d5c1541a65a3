"""Pane 2: which page is shown for a row, and reading what a page needs."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.widget import Widget

from tui.app.actions import action
from tui.app.failure import failure
from tui.app.pages.config import config, config_holder
from tui.app.pages.findings import findings
from tui.app.pages.json_page import JsonPage
from tui.app.pages.layers import layers
from tui.app.pages.parts import Scene, blank, heading, page, prose
from tui.app.pages.summary import nothing, on_disk, statement_head, summary
from tui.app.styled_text import Line, Page
from tui.explore.availability import unavailable_selected
from tui.explore.node import Kind, Load, Node
from tui.explore.on_disk import Section, compared, live_source, storage_of, surveyed
from tui.oci.canonical_json import json_text
from tui.teach.events import EventKind

if TYPE_CHECKING:
    from tui.app.screens.main import MainScreen
    from tui.explore.finding import Finding
    from tui.explore.listing import Listing
    from tui.sources.base import Source
    from tui.sources.storage import StorageSource
    from tui.tools.table import CommandLine


_log = logging.getLogger(__name__)

TABS = (
    ("summary", "Summary"),
    ("layers", "Layers"),
    ("config", "Config"),
    ("json", "JSON"),
    ("findings", "Findings"),
    ("explain", "Explain"),
)

#: What a JSON page is remembered by: the row's key, digest and length, and whether it is pretty-printed.
JsonKey = tuple[str, str, bool]


class Detail:
    """The pages."""

    def __init__(self, screen: MainScreen) -> None:
        self.screen = screen
        self.page_view = screen.page_view
        self.tab = "summary"
        self.json_pretty = True
        self._json: tuple[JsonKey, Page] | None = None
        self._reading = ""
        self._shown = ("", "")
        self._disk: DiskNotes | None = None
        self._disk_notes: dict[str, DiskNotes] = {}

    @action(
        "json",
        keys="v",
        title="JSON",
        words="JSON: pretty-printed or as served",
        group="Look",
        unavailable=unavailable_selected,
    )
    def json(self) -> None:
        if self.tab == "json":
            self.json_pretty = not self.json_pretty
            self.refresh(keep=False)
        else:
            self.show_tab("json")

    @action(
        "explain",
        keys="i",
        title="explain",
        words="Explain this row",
        group="Look",
        unavailable=unavailable_selected,
        rank=11,
    )
    def explain(self) -> None:
        self.show_tab("summary" if self.tab == "explain" else "explain")

    def show_tab(self, tab: str) -> None:
        """Bring a detail tab up."""
        self.tab = tab
        self.screen.tabs.active = tab
        if not self.screen.query_one("#detail-pane", Widget).display:
            self.screen.panes.focus_pane(2)
        self.forget_page()
        self.refresh(keep=False)

    def forget_page(self) -> None:
        """The page that comes next is news to whoever follows along, even if it is the one that is there."""
        self._shown = ("", "")

    def refresh(self, *, keep: bool = True) -> None:
        """Make pane 2 anew; `keep` holds the place on the page."""
        detail = self.screen.query_one("#detail-pane", Widget)
        node = self.screen.current
        if node is None or not self.screen.ready:
            return
        try:
            found = self.screen.findings.findings(node, self.screen.explorer)
            shown = self._page(node, found) if detail.display else None
        except Exception as error:
            # A fault of ours in one page must not end the program: the reader can go on, and the log has it whole.
            _log.exception("the %s page of %s failed", self.tab, node.key)
            found, shown = (), nothing(f"Could not draw this page: {failure(error)}")
        self.screen.tabs.counts = {"findings": len(found)} if found else {}
        if shown is not None:
            about = (node.key, self.tab)
            again = about == self._shown
            self.page_view.show(shown, keep=keep and again, height=self.screen.picture.left)
            self._shown = about
            if not again:
                self.screen.observer.publish_about(EventKind.TAB, node, tab=self.tab)

    def scene(self, node: Node, found: Sequence[Finding] = ()) -> Scene:
        """What pages are made from."""
        width = max(20, self.page_view.scrollable_content_region.width or self.page_view.size.width)
        client, registry = self.screen.client, node.source.registry if node.kind is Kind.SOURCE else None
        notices = client.notices(registry) if client is not None and registry is not None else ()
        return Scene(node, self.screen.explorer, self.screen.glyphs, width, self.screen.keys, tuple(found), notices)

    def _page(self, node: Node, found: Sequence[Finding]) -> Page:
        scene = self.scene(node, found)
        picture = self.screen.picture.lines(node, scene, self.tab)
        if self.tab == "layers":
            self._want_config(node)
            return layers(scene)
        if self.tab == "config":
            self._want_config(node)
            return config(scene)
        if self.tab == "json":
            return self._json_page(node)
        if self.tab == "findings":
            return findings(scene)
        if self.tab == "explain":
            return self._explain_page(scene)
        if node.kind is Kind.STATEMENT and node.statement is not None:
            return summary(scene, [blank(), *statement_head(node.statement)])
        if (source := storage_of(node)) is not None:
            return summary(scene, on_disk(self._disk_sections(node, source)))
        return summary(scene, above=picture)

    def _disk_sections(self, node: Node, source: StorageSource) -> Sequence[Section] | None:
        """What the disk says of a repository, and beside the live registry once the row is open: that asks for every
        object, so going past the row is not enough. None until it is read."""
        if node.load is Load.LOADING:
            return None
        live = live_source(node, self.screen.explorer.roots) if node.load is Load.READY else None
        known = self._disk_notes.get(node.key)
        if known is not None and known.holds(node, live):
            return known.sections
        if self._disk is None or not self._disk.holds(node, live):  # else it is being read
            self._disk = DiskNotes(node.key, node.listing, live)
            self.screen.start(
                self._read_disk(source, node.repository or "", self._disk), "disk", group="disk", exclusive=True
            )
        return None

    async def _read_disk(self, source: StorageSource, repository: str, notes: DiskNotes) -> None:
        sections = [await surveyed(source, repository)]
        if notes.live is not None:
            sections.append(await compared(source, notes.live, repository))
        notes.sections = tuple(sections)
        self._disk_notes[notes.key] = notes
        self.refresh()

    def _want_config(self, node: Node) -> None:
        image = node.image()
        if image is None or image.load is not Load.READY or config_holder(node) is not None:
            return
        row = next((child for child in image.children if child.kind is Kind.CONFIG), None)
        if row is not None and row.error is None and image.kind is not Kind.ATTESTATION:
            self.screen.start(self._read_config(image), "config", group="config", exclusive=True)

    async def _read_config(self, image: Node) -> None:
        await self.screen.explorer.read_config(image)
        if config_holder(image) is not None:
            self.refresh()

    def _json_page(self, node: Node) -> Page:
        raw = _bytes_of(node)
        if raw is None:
            if node.kind in (Kind.SOURCE, Kind.REPOSITORY, Kind.GROUP, Kind.MORE, Kind.FAULT, Kind.REFERRERS):
                return nothing("No document in this row.")
            if node.kind is Kind.LAYER:
                return self._descriptor_page(node)
            if node.load is Load.FAILED or node.error is not None:
                return nothing("Could not be read. Reason: see the Summary tab.")
            if self._reading != node.key:
                self._reading = node.key
                self.screen.start(self._read_json(node), "json", group="json", exclusive=True)
            return nothing("Reading…")
        key = (node.key, str(node.digest) + str(len(raw)), self.json_pretty)
        if self._json is None or self._json[0] != key:
            head = statement_head(node.statement) if node.kind is Kind.STATEMENT and node.statement else []
            rest = self.screen.keys.put_in("; {key:save} saves all of it")
            head = [*head, blank()] if head else []
            self._json = (key, JsonPage(raw, pretty=self.json_pretty, head=head, rest=rest))
        return self._json[1]

    async def _read_json(self, node: Node) -> None:
        try:
            await self.screen.explorer.read_manifest_json(node)
        finally:
            self._reading = ""
        if node is self.screen.current and self.tab == "json":
            if _bytes_of(node) is None:
                self.page_view.show(nothing("Could not be read. Reason: see the Summary tab."))
            else:
                self.refresh(keep=False)

    def _descriptor_page(self, node: Node) -> Page:
        assert node.descriptor is not None
        raw = json_text(node.descriptor.to_document()).encode(errors="backslashreplace")
        head = [Line().put("A layer is not JSON. Its descriptor:", "dim"), blank()]
        return JsonPage(raw, head=head)

    def _explain_page(self, scene: Scene) -> Page:
        # Late: 25 ms that the main screen should not pay.
        from tui.app.pages.explain import explain
        from tui.teach.digests import four_digests
        from tui.teach.explain import explain as teach

        digests = four_digests(scene.node) if scene.node.image() is not None else None
        return explain(scene, teach(scene.node, self.screen.explorer), self.commands_of(scene.node), digests)

    def commands_of(self, node: Node) -> tuple[CommandLine, ...]:
        """Teach's command lines for a row."""
        from tui.engine import client_settings
        from tui.tools.looking import look_lines

        trace = self.screen.trace
        return look_lines(node, client_settings(self.screen.settings), trace.login if trace is not None else None)

    def welcome(self) -> None:
        """What pane 2 says before anything is open."""
        key = self.screen.keys.first
        self.page_view.show(
            page(
                heading("fanfold"),
                blank(),
                prose("A tag fans out into its index, platforms, attestations, configs and layers, each checked live."),
                blank(),
                Line().put(key("go"), "key-cap").put(" opens any reference, repository, registry or oci:PATH."),
                Line().put(key("help"), "key-cap").put(" help.  ").put(key("palette"), "key-cap").put(" every action."),
            )
        )


@dataclass(slots=True, eq=False)
class DiskNotes:
    """What a storage folder says of one repository. It holds for this list of tags (a refresh makes a new one) and this
    registry to compare with; `sections` is None until it is read."""

    key: str
    listing: Listing | None
    live: Source | None
    sections: tuple[Section, ...] | None = None

    def holds(self, node: Node, live: Source | None) -> bool:
        return self.key == node.key and self.listing is node.listing and self.live is live


def _bytes_of(node: Node) -> bytes | None:
    """The document of a row, if it was read."""
    if node.kind is Kind.CONFIG:
        return node.config.raw if node.config is not None else None
    if node.kind is Kind.STATEMENT:
        return node.statement.raw if node.statement is not None else None
    if node.manifest is not None:
        return node.manifest.raw
    return getattr(node.error, "raw", None) or None

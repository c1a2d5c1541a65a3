"""What the panes show and how they are laid out: detail pages, verdict, header, problems only, sizes."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.widget import Widget

from tui.app.actions.looking import Looking, is_problem
from tui.app.glyphs import Glyphs
from tui.app.house import failure
from tui.app.ink import Line, Page, Target
from tui.app.judge import Judge
from tui.app.pages.config import config, config_holder
from tui.app.pages.explain import explain
from tui.app.pages.findings import findings
from tui.app.pages.json_page import JsonPage
from tui.app.pages.layers import layers
from tui.app.pages.parts import SEVERITY_ROLE, Scene, blank, heading, page, prose
from tui.app.pages.statement import statement_head
from tui.app.pages.summary import nothing, summary
from tui.app.widgets.bars import HeaderFacts, HeaderLine, TabStrip, VerdictBox
from tui.explore.codes import Severity
from tui.explore.events import CheckProgress
from tui.explore.node import Kind, Load, Node
from tui.sources.presence import Presence
from tui.text import plural, safe

if TYPE_CHECKING:
    from tui.explore.findings import Finding
    from tui.teach.commands import Command

_log = logging.getLogger(__name__)

#: From this many columns on, detail stands beside the tree.
WIDE = 100
#: The key that a row's JSON page is remembered by.
JsonKey = tuple[str, str, bool]


class Panes(Looking):
    """The panes' content and layout."""

    glyphs: Glyphs
    judge: Judge
    layout_choice: str
    zoomed: str
    _raw: dict[str, bytes | None]
    _json: tuple[JsonKey, Page] | None = None
    _reading: str = ""

    # --- detail --------------------------------------------------------------------------------------------------

    def refresh_detail(self, *, keep: bool = True) -> None:
        """Make pane 2 anew; ``keep`` holds the place on the page."""
        detail = self.query_one("#detail-pane", Widget)
        node = self.current
        if node is None or not self.ready:
            return
        try:
            found = self.judge.findings(node, self.explorer)
            shown = self._page(node, found) if detail.display else None
        except Exception as error:
            # A fault of ours in one page must not end the program: the reader can go on, and the log has it whole.
            _log.exception("the %s page of %s failed", self.tab, node.key)
            found, shown = (), nothing(f"This page could not be made: {failure(error)}")
        self.query_one(TabStrip).counts = {"findings": len(found)} if found else {}
        if shown is not None:
            self.page_view.show(shown, keep=keep)

    def scene(self, node: Node, found: Sequence[Finding] = ()) -> Scene:
        """What pages are made from."""
        width = max(20, self.page_view.scrollable_content_region.width or self.page_view.size.width)
        keys = {name: self.keys.first(name) for name in ("open", "refresh", "check")}
        return Scene(node, self.explorer, self.glyphs, width, tuple(found), keys)

    def _page(self, node: Node, found: Sequence[Finding]) -> Page:
        scene = self.scene(node, found)
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
            return page(summary(scene)._lines, blank(), statement_head(node.statement))
        return summary(scene)

    def _want_config(self, node: Node) -> None:
        image = node.image()
        if image is None or image.load is not Load.READY or config_holder(node) is not None:
            return
        row = next((child for child in image.children if child.kind is Kind.CONFIG), None)
        if row is not None and row.error is None and image.kind is not Kind.ATTESTATION:
            self.start(self._read_config(image), "config", group="config", exclusive=True)

    async def _read_config(self, image: Node) -> None:
        await self.explorer.read_config(image)
        if config_holder(image) is not None:
            self.refresh_detail()

    def _json_page(self, node: Node) -> Page:
        raw = _bytes_of(node)
        if raw is None:
            if node.kind in (Kind.SOURCE, Kind.REPOSITORY, Kind.GROUP, Kind.MORE, Kind.FAULT, Kind.REFERRERS):
                return nothing("This row stands for no document of its own.")
            if node.kind is Kind.LAYER:
                return self._descriptor_page(node)
            if node.load is Load.FAILED or node.error is not None:
                return nothing("It could not be read: the Summary tab says why.")
            if self._reading != node.key:
                self._reading = node.key
                self.start(self._read_json(node), "json", group="json", exclusive=True)
            return nothing("Reading…")
        key = (node.key, str(node.digest) + str(len(raw)), self.json_pretty)
        if self._json is None or self._json[0] != key:
            head = statement_head(node.statement) if node.kind is Kind.STATEMENT and node.statement else []
            self._json = (key, JsonPage(raw, pretty=self.json_pretty, head=[*head, blank()] if head else []))
        return self._json[1]

    async def _read_json(self, node: Node) -> None:
        try:
            await self.explorer.read_manifest_json(node)
        finally:
            self._reading = ""
        if node is self.current and self.tab == "json":
            if _bytes_of(node) is None:
                self.page_view.show(nothing("It could not be read: the Summary tab says why."))
            else:
                self.refresh_detail(keep=False)

    def _descriptor_page(self, node: Node) -> Page:
        import json

        assert node.descriptor is not None
        raw = json.dumps(node.descriptor.to_document(), ensure_ascii=False).encode(errors="backslashreplace")
        head = [Line().put("A layer is no JSON document. This is the descriptor that points to it:", "dim"), blank()]
        return JsonPage(raw, head=head)

    def _explain_page(self, scene: Scene) -> Page:
        if importlib.util.find_spec("tui.teach.explain") is None:
            return nothing("Explanations are not part of this build.")
        from tui.teach.explain import explain as teach

        return explain(scene, teach(scene.node, self.explorer), self.commands_of(scene.node))

    def commands_of(self, node: Node) -> tuple[Command, ...]:
        """Teach's command lines for a row."""
        from tui.teach.commands import commands

        return tuple(commands(node))

    # --- verdict and header --------------------------------------------------------------------------------------

    def refresh_verdict(self) -> None:
        """Make the verdict anew."""
        try:
            line = self.verdict_line()
        except Exception as error:  # as in refresh_detail
            _log.exception("the verdict failed")
            line = Line().put(f"No verdict: {failure(error)}", "bad")
        self.query_one(VerdictBox).line = line

    def verdict_line(self) -> Line:
        """What the verdict box says: a check under way, else the verdict on what the cursor is in."""
        running = self.progress
        if running:
            run = running[-1]
            line = Line().put(f"{self.glyphs.of(Presence.CHECKING, self.images.tick)} ", "info")
            line.put(f"checking {run.node.label}: {run.done:,} of {run.total:,} objects", "info")
            line.put(f"   {self.keys.first('check')} stops it", "dim", Target("action", "check"))
            return line
        node = self.current
        if node is None or not self.ready:
            return Line().put("Nothing is open yet.", "dim")
        top = node.top()
        if top is None:
            return self._listing_line(node)
        verdict = self.judge.verdict(top, self.explorer)
        role = SEVERITY_ROLE[verdict.severity]
        mark = {
            Severity.ERROR: self.glyphs.of(Presence.MISSING),
            Severity.WARNING: "!",
            Severity.INFO: self.glyphs.dot,
        }.get(verdict.severity) if verdict.severity else self.glyphs.of(Presence.PRESENT)  # fmt: skip
        if verdict.severity is None and not verdict.complete:
            mark, role = self.glyphs.of(Presence.UNCHECKED), "dim"
        line = Line(hang=2).put(f"{mark} ", role).put(verdict.sentence, role if role == "bad" else "plain")
        mends: dict[str, str] = {}
        for finding in self.judge.findings(top, self.explorer):
            if finding.key and finding.severity is not Severity.INFO:
                mends.setdefault(finding.key, finding.code)
        for key in list(mends)[:2]:
            action = self._action_of(key)
            if action:
                line.put("   ").put(key, "key-cap", Target("action", action[0])).put(f" {action[1]}", "label")
        if mends:
            line.put("   ").put(self.keys.first("explain"), "key-cap", Target("action", "explain")).put(
                " explain", "label"
            )
        return line

    def _action_of(self, key: str) -> tuple[str, str] | None:
        from tui.app.keys import ACTIONS, show_key

        for action in ACTIONS:
            if key in [show_key(each) for each in self.keys.of(action.id)]:
                return action.id, action.title
        return None

    def _listing_line(self, node: Node) -> Line:
        line = Line(hang=2)
        opened = [row for row in node.walk() if row.top() is row and row.load is Load.READY]
        if node.error is not None:
            return line.put("! ", "warn").put(node.error.sentence)
        if not opened:
            line.put(f"{self.glyphs.dot} ", "dim")
            what = "a repository" if node.kind is Kind.SOURCE else "a tag"
            return line.put(f"Open {what}: the verdict says here who can pull it.", "dim")
        broken = [row for row in opened if self.judge.verdict(row, self.explorer).severity is Severity.ERROR]
        looked = plural(len(opened), "tag or image was", "tags and images were") + " looked at"
        if broken:
            names = ", ".join(row.label for row in broken[:5]) + (" …" if len(broken) > 5 else "")
            line.put(f"{self.glyphs.of(Presence.MISSING)} ", "bad")
            return line.put(f"{looked}; {len(broken)} cannot be pulled whole: {names}", "bad")
        return line.put(f"{self.glyphs.dot} ", "dim").put(f"{looked}; none is known to be broken.")

    def refresh_header(self) -> None:
        """Draw the header for where the cursor is now."""
        node = self.current
        marks = []
        where = ""
        registry: str | None = None
        if node is not None:
            registry = node.source.registry
            where = safe(node.source.reference(node.repository)) if node.repository else node.source.title
            if not self.read_only and not node.source.can_write:
                marks.append("read-only source")
        elif self.ready and self.explorer.roots:
            where = self.explorer.roots[0].source.title
        if self.read_only:
            marks.append("read-only")
        pulls = rate = ""
        busy = False
        world = self.world
        if world is not None and registry is not None:
            if registry in world.insecure:
                marks.append("insecure")
            limit = world.client.rate_limit(registry) if world.client else None
            if limit is not None and limit.remaining is not None:
                of = f"/{limit.limit}" if limit.limit is not None else ""
                pulls = f"pulls left {limit.remaining}{of}"
        if world is not None and world.trace is not None:
            per_second = world.trace.rate()
            busy = per_second > 0
            rate = f"{per_second:.0f} req/s" if per_second >= 1 or not busy else f"{per_second:.1f} req/s"
        self.query_one(HeaderLine).facts = HeaderFacts(where, pulls, rate, busy, tuple(marks), self.glyphs.mark)

    @property
    def rate_is_shown(self) -> bool:
        """Whether requests a second are shown and not nought: they fall by themselves."""
        return self.world is not None and self.world.trace is not None and self.world.trace.rate() > 0

    @property
    def live(self) -> bool:
        """Whether a row on the screen turns by itself."""
        if self.progress:
            return True
        if not self.ready:
            return False
        for node in self.images.visible_nodes():
            if node.load is Load.LOADING:
                return True
            if self.explorer.observation(node).presence in (Presence.CHECKING, Presence.LIMITED):
                return True
        return False

    # --- problems only -------------------------------------------------------------------------------------------

    def shown_children(self, node: Node | None) -> Sequence[Node]:
        """Which children of a row are shown now, and in which order."""
        children = self.explorer.roots if node is None and self.ready else node.children if node is not None else []
        if not self.problems_only:
            return children
        return [child for child in children if self._troubled(child)]

    def _troubled(self, node: Node) -> bool:
        if node.kind is Kind.SOURCE or is_problem(node):
            return True
        worst = self.explorer.rollup(node).worst
        if worst in (Presence.MISSING, Presence.MISMATCHED, Presence.DENIED, Presence.LIMITED, Presence.UNREACHABLE):
            return True
        seen = self.explorer.observation(node).presence
        if seen in (Presence.MISSING, Presence.MISMATCHED, Presence.DENIED, Presence.LIMITED, Presence.UNREACHABLE):
            return True
        if any(finding.severity is not Severity.INFO for finding in self.judge.findings(node, self.explorer)):
            return True
        return any(self._troubled(child) for child in node.children)

    def refilter(self) -> None:
        """Show in the tree what ``problems_only`` lets through now."""
        self.images.sync_all()
        title = "1 Images: problems only" if self.problems_only else "1 Images"
        self.query_one("#tree-pane", Widget).border_title = title
        self.images.repaint()

    # --- layout --------------------------------------------------------------------------------------------------

    def lay_out(self) -> None:
        """Lay out the panes for the size of now: beside, below or away."""
        width, height = self.size
        side = self.side.display
        wide = width - (min(44, width // 3) if side else 0) >= WIDE
        layout = self.layout_choice if self.layout_choice != "auto" else "side" if wide else "below"
        if layout == "side" and width < 60:
            layout = "below"
        for name in ("side", "below", "away"):
            self.set_class(name == layout, f"-{name}")
        self.set_class(height < 30, "-short")
        self.set_class(self.zoomed != "", "-zoomed")
        self.set_class(width < WIDE, "-narrow")
        shown = {"tree": True, "detail": layout != "away", "requests": self.requests_shown}
        if self.zoomed:
            shown = {name: name == self.zoomed for name in shown}
        for name, visible in shown.items():
            self.query_one(f"#{name}-pane", Widget).display = visible
        self.query_one("#upper", Widget).display = shown["tree"] or shown["detail"]

    def do_layout(self) -> None:
        choices = ("auto", "side", "below", "away")
        self.layout_choice = choices[(choices.index(self.layout_choice) + 1) % len(choices)]
        self.zoomed = ""
        self.lay_out()
        words = {"auto": "as fits", "side": "beside the tree", "below": "below the tree", "away": "away (2 shows it)"}
        self.say(f"Detail: {words[self.layout_choice]}")
        self.refresh_detail()

    def do_zoom(self) -> None:
        self.zoomed = "" if self.zoomed else self.pane if self.pane in ("tree", "detail", "requests") else "tree"
        self.lay_out()
        self.call_after_refresh(self.refresh_detail)

    def unzoom(self) -> bool:
        """Leave full screen; False when it was not on."""
        if not self.zoomed:
            return False
        self.zoomed = ""
        self.lay_out()
        return True

    def focus_pane(self, number: int) -> None:
        """Give the keys to pane 1, 2 or 3, and bring it on the screen."""
        name, widget = {
            1: ("tree", self.images),
            2: ("detail", self.page_view),
            3: ("requests", self.requests),
        }[number]
        pane = self.query_one(f"#{name}-pane", Widget)
        if (self.zoomed and self.zoomed != name) or not pane.display:
            self.zoomed = name
            self.lay_out()
        elif self.zoomed == name == "tree" and self.layout_choice != "auto":
            self.lay_out()
        widget.focus()
        if number == 2:
            self.call_after_refresh(self.refresh_detail)
        self.refresh_keys()

    def show_requests(self, shown: bool) -> None:
        """Show or hide pane 3."""
        self.requests_shown = shown
        if not shown and self.zoomed == "requests":
            self.zoomed = ""
        self.lay_out()
        if shown:
            self.requests.update()

    def welcome(self) -> None:
        """What pane 2 says before anything is open."""
        key = self.keys.first
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

    # --- brought by the screen -----------------------------------------------------------------------------------

    @property
    def progress(self) -> Sequence[CheckProgress]:
        """The checks that are under way."""
        raise NotImplementedError


def _bytes_of(node: Node) -> bytes | None:
    """The document of a row, if it was read."""
    if node.kind is Kind.CONFIG:
        return node.config.raw if node.config is not None else None
    if node.kind is Kind.STATEMENT:
        return node.statement.raw if node.statement is not None else None
    if node.manifest is not None:
        return node.manifest.raw
    return getattr(node.error, "raw", None) or None

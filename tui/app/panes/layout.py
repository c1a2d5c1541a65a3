"""Which rows are shown, and where the panes stand for the size of now."""

from __future__ import annotations

from collections.abc import Sequence

from textual.css.scalar import Unit
from textual.widget import Widget

from tui.app.actions import action
from tui.app.controllers.looking import is_problem
from tui.app.panes.verdict import VerdictPane
from tui.explore.availability import unavailable_requests
from tui.explore.finding import Severity
from tui.explore.node import Kind, Node
from tui.sources.presence import Presence
from tui.text import safe

#: From this many columns on, detail stands beside the tree.
WIDE = 100
#: A pane with fewer rows than this, border included, is of no use: another one gives way.
LEAST_ROWS = 8
_BAD = frozenset({Presence.MISSING, Presence.MISMATCHED, Presence.DENIED, Presence.LIMITED, Presence.UNREACHABLE})


class Panes(VerdictPane):
    """Problems only, layout, focus."""

    layout_choice: str
    zoomed: str

    # --- problems only -------------------------------------------------------------------------------------------

    def shown_children(self, node: Node | None) -> Sequence[Node]:
        """Which children of a row are shown now, and in which order."""
        children = self.explorer.roots if node is None and self.ready else node.children if node is not None else []
        shown = self.images.narrowed(node, children)
        if not self.problems_only:
            return shown
        return [child for child in shown if self._troubled(child)]

    def _troubled(self, node: Node) -> bool:
        if node.kind is Kind.SOURCE or is_problem(node):
            return True
        if self.explorer.rollup(node).worst in _BAD or self.explorer.observation(node).presence in _BAD:
            return True
        if any(finding.severity is not Severity.INFO for finding in self.judge.findings(node, self.explorer)):
            return True
        return any(self._troubled(child) for child in node.children)

    def refilter(self) -> None:
        """Show in the tree what `problems_only` lets through now."""
        self.images.sync_all()
        self.title_tree()
        self.images.repaint()

    def title_tree(self) -> None:
        """Say in the border what is left out of the tree, so that nobody takes rows that are hidden for missing."""
        hidden = ["problems only"] if self.problems_only else []
        hidden += [f"only “{safe(text, limit=30)}”" for text in list(self.images.narrowing.values())[-1:]]
        title = f"1 Images: {', '.join(hidden)}" if hidden else "1 Images"
        self.query_one("#tree-pane", Widget).border_title = title

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
        self.on_laid_out()
        shown = self._fitting(layout)
        # Its page is not made while the pane is away: what it held is about the row that the cursor was on then.
        if "detail" in shown and not self.query_one("#detail-pane", Widget).display:
            self.call_after_refresh(self.refresh_detail)
        for name in ("tree", "detail", "requests"):
            self.query_one(f"#{name}-pane", Widget).display = name in shown
        self.query_one("#panes", Widget).display = "tree" in shown or "detail" in shown
        self.query_one("#upper", Widget).display = self.side.display or "tree" in shown or "detail" in shown

    def _fitting(self, layout: str) -> set[str]:
        """Which panes there is room for: the one with the keys always, then tree, requests, detail."""
        if self.zoomed:
            return {self.zoomed}
        wanted = ["tree"]
        if self.requests_shown:
            wanted.append("requests")
        if layout != "away":
            wanted.append("detail")
        if self.pane in wanted:
            wanted.remove(self.pane)
            wanted.insert(0, self.pane)
        elif self.pane == "detail":
            wanted = ["detail"]
        rows = self.size.height - (4 if self.has_class("-short") else 7) - self._rows_of_side()
        fitting: set[str] = set()
        for name in wanted:
            beside = layout == "side" and name != "requests" and fitting & {"tree", "detail"}
            if fitting and not beside and rows < LEAST_ROWS:
                continue
            fitting.add(name)
            rows -= 0 if beside else LEAST_ROWS
        return fitting

    def _rows_of_side(self) -> int:
        """How many rows the slot takes when it stands below the panes."""
        height = self.side.styles.height
        if not self.side.display or height is None or height.unit is not Unit.CELLS:
            return 0
        return int(height.value)

    @action(
        "zoom",
        keys="f",
        title="full screen",
        words="Give the whole screen to this pane, or take it back",
        group="Panes",
    )
    def do_zoom(self) -> None:
        self.zoomed = "" if self.zoomed else self.pane if self.pane in ("tree", "detail", "requests") else "tree"
        self.lay_out()
        self.call_after_refresh(self.refresh_detail)

    @action(
        "layout", keys="w", title="layout", words="Detail beside the tree, below it, away, or as fits", group="Panes"
    )
    def do_layout(self) -> None:
        choices = ("auto", "side", "below", "away")
        self.layout_choice = choices[(choices.index(self.layout_choice) + 1) % len(choices)]
        self.zoomed = ""
        self.lay_out()
        words = {"auto": "as fits", "side": "beside the tree", "below": "below the tree", "away": "away (2 shows it)"}
        self.say(f"Detail: {words[self.layout_choice]}")
        self.refresh_detail()

    @action(
        "requests",
        keys="at",
        title="requests",
        words="Show or hide the requests",
        group="Panes",
        unavailable=unavailable_requests,
        rank=10,
    )
    def do_requests(self) -> None:
        if self.requests_shown:
            self.show_requests(False)
            if self.pane == "requests":
                self.focus_pane(1)
        else:
            self.do_pane_3()

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
        if self.zoomed:
            self.zoomed = name
        # A pane that is not on the screen cannot be given the keys, so it comes on first.
        self.query_one(f"#{name}-pane", Widget).display = True
        self.query_one("#panes", Widget).display = True
        self.query_one("#upper", Widget).display = True
        widget.focus()
        self.lay_out()
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

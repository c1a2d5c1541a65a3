"""The three panes: which of them has the keys, which are shown, and where they stand for the size of now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.css.scalar import Unit
from textual.widget import Widget

from tui.app.actions import action
from tui.app.controllers.detail import TABS
from tui.explore.availability import unavailable_requests

if TYPE_CHECKING:
    from tui.app.screens.main import MainScreen


#: From this many columns on, detail stands beside the tree.
WIDE = 100
#: A pane with fewer rows than this, border included, is of no use: another one gives way.
LEAST_ROWS = 8


class Panes:
    """Focus, tabs, layout."""

    def __init__(self, screen: MainScreen) -> None:
        self.screen = screen
        self.images = screen.images
        self.page_view = screen.page_view
        self.requests_shown = False
        self.layout_choice = "auto"
        self.zoomed = ""

    @action("next-pane", keys="tab", title="next", words="Next link on the page, then the next pane", group="Panes")
    def next_pane(self) -> None:
        if self.screen.pane == "detail" and self.page_view.step_link(1):
            return
        self._step_pane(1)

    @action(
        "previous-pane",
        keys="shift+tab",
        title="previous",
        words="Previous link on the page, then the previous pane",
        group="Panes",
    )
    def previous_pane(self) -> None:
        if self.screen.pane == "detail" and self.page_view.chosen is not None and self.page_view.step_link(-1):
            return
        self._step_pane(-1)

    def _step_pane(self, step: int) -> None:
        shown = [1, 2] + ([3] if self.requests_shown else [])
        at = {"tree": 1, "detail": 2, "requests": 3}.get(self.screen.pane, 1)
        self.focus_pane(shown[(shown.index(at) + step) % len(shown)] if at in shown else 1)

    @action("pane-1", keys="1", title="Images", words="Go to pane 1, the tree", group="Panes")
    def pane_1(self) -> None:
        self.focus_pane(1)

    @action("pane-2", keys="2", title="Detail", words="Go to pane 2, the detail", group="Panes")
    def pane_2(self) -> None:
        self.focus_pane(2)

    @action(
        "pane-3",
        keys="3",
        title="Requests",
        words="Go to pane 3, the requests",
        group="Panes",
        unavailable=unavailable_requests,
    )
    def pane_3(self) -> None:
        self.show_requests(True)
        self.focus_pane(3)
        self.screen.observer.publish_view("requests")

    @action("previous-tab", keys="left_square_bracket", title="tab", words="Previous tab of the detail", group="Panes")
    def previous_tab(self) -> None:
        self._step_tab(-1)

    @action("next-tab", keys="right_square_bracket", title="tab", words="Next tab of the detail", group="Panes")
    def next_tab(self) -> None:
        self._step_tab(1)

    def _step_tab(self, step: int) -> None:
        detail = self.screen.detail
        names = [name for name, _ in TABS]
        detail.show_tab(names[(names.index(detail.tab) + step) % len(names)])

    @action(
        "zoom",
        keys="f",
        title="full screen",
        words="Toggle full screen",
        group="Panes",
    )
    def zoom(self) -> None:
        pane = self.screen.pane
        self.zoomed = "" if self.zoomed else pane if pane != "side" else "tree"
        self.lay_out()
        self.screen.call_after_refresh(self.screen.detail.refresh)

    @action("layout", keys="w", title="layout", words="Layout: side, below, hidden, auto", group="Panes")
    def layout(self) -> None:
        choices = ("auto", "side", "below", "away")
        self.layout_choice = choices[(choices.index(self.layout_choice) + 1) % len(choices)]
        self.zoomed = ""
        self.lay_out()
        words = {"auto": "auto", "side": "beside the tree", "below": "below the tree", "away": "hidden (2 shows it)"}
        self.screen.say(f"Detail: {words[self.layout_choice]}")
        self.screen.detail.refresh()

    @action(
        "requests",
        keys="at",
        title="requests",
        words="Show or hide the requests",
        group="Panes",
        unavailable=unavailable_requests,
        rank=10,
    )
    def requests(self) -> None:
        if self.requests_shown:
            self.show_requests(False)
            if self.screen.pane == "requests":
                self.focus_pane(1)
        else:
            self.pane_3()

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
            2: ("detail", self.screen.picture.view if self.screen.picture.visible else self.page_view),
            3: ("requests", self.screen.requests),
        }[number]
        if self.zoomed:
            self.zoomed = name
        # A pane that is not on the screen cannot be given the keys, so it comes on first.
        self.screen.query_one(f"#{name}-pane", Widget).display = True
        self.screen.query_one("#panes", Widget).display = True
        self.screen.query_one("#upper", Widget).display = True
        # At once, for a widget's own focus() comes later: which panes there is room for depends on who has the keys.
        self.screen.set_focus(widget)
        self.lay_out()
        if number == 2:
            self.screen.call_after_refresh(self.screen.detail.refresh)
        self.screen.status.refresh_keys()

    def show_requests(self, shown: bool) -> None:
        """Show or hide pane 3."""
        self.requests_shown = shown
        if not shown and self.zoomed == "requests":
            self.zoomed = ""
        self.lay_out()
        if shown:
            self.screen.requests.update()

    def show_side(self, shown: bool = True) -> None:
        """Show or hide the right-hand slot."""
        self.screen.side.display = shown
        self.lay_out()

    def lay_out(self) -> None:
        """Lay out the panes for the size of now: beside, below or away."""
        width, height = self.screen.size
        side = self.screen.side.display
        wide = width - (min(44, width // 3) if side else 0) >= WIDE
        layout = self.layout_choice if self.layout_choice != "auto" else "side" if wide else "below"
        if layout == "side" and width < 60:
            layout = "below"
        self.screen.set_class(layout == "below", "-below")
        self.screen.set_class(height < 30, "-short")
        self.screen.query_one("#tree-pane", Widget).set_class(self.screen.pane == "detail", "-beside-reader")
        self.screen.set_class(self.zoomed != "", "-zoomed")
        if self.screen.lessons is not None:
            self.screen.lessons.lay_out()
        shown = self._fitting(layout)
        # Its page is not made while the pane is away: what it held is about the row that the cursor was on then.
        if "detail" in shown and not self.screen.query_one("#detail-pane", Widget).display:
            self.screen.call_after_refresh(self.screen.detail.refresh)
        self.screen.query_one("#tree-pane", Widget).set_class("detail" not in shown, "-alone")
        for name in ("tree", "detail", "requests"):
            self.screen.query_one(f"#{name}-pane", Widget).display = name in shown
        self.screen.query_one("#panes", Widget).display = "tree" in shown or "detail" in shown
        self.screen.query_one("#upper", Widget).display = (
            self.screen.side.display or "tree" in shown or "detail" in shown
        )

    def _fitting(self, layout: str) -> set[str]:
        """Which panes there is room for: the one with the keys always, then tree, requests, detail."""
        if self.zoomed:
            return {self.zoomed}
        wanted = ["tree"]
        if self.requests_shown:
            wanted.append("requests")
        if layout != "away":
            wanted.append("detail")
        if self.screen.pane in wanted:
            wanted.remove(self.screen.pane)
            wanted.insert(0, self.screen.pane)
        elif self.screen.pane == "detail":
            wanted = ["detail"]
        rows = self.screen.size.height - (4 if self.screen.has_class("-short") else 7) - self._rows_of_side()
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
        height = self.screen.side.styles.height
        if not self.screen.side.display or height is None or height.unit is not Unit.CELLS:
            return 0
        return int(height.value)

"""Filtering lists and indexes, and finding in rows, pages and requests: `/`, `n`, `N`, Esc."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events

from tui.app.actions import action
from tui.app.widgets.tree import matches
from tui.explore.availability import unavailable_filter
from tui.explore.listing import matcher
from tui.explore.node import Kind, Node
from tui.text import plural, shorten

if TYPE_CHECKING:
    from tui.app.screens.main import MainScreen


#: Rows that are no match by themselves, although a filter leaves them there.
_NO_MATCH = frozenset({Kind.MORE, Kind.FAULT, Kind.GROUP, Kind.REFERRERS})
#: Seconds within which keys are taken for one thing that was typed, counted from when each was typed.
_ONE_GO = 0.5


class Search:
    """What is typed after `/`, where it applies, and how it is cleared."""

    def __init__(self, screen: MainScreen) -> None:
        self.screen = screen
        self.images = screen.images
        self.page_view = screen.page_view
        self.requests = screen.requests
        self._finding_in = "tree"
        self._filters: tuple[str, ...] = ()
        """The rows whose children are filtered, by key: the one that was begun last is at the end, cleared first."""
        self._levels: dict[str, str] = {}
        """While it is typed: what can be filtered from where `/` was pressed, by key, the nearest first, and the filter
        that each had then."""
        self._deaf_until = 0.0

    @action(
        "filter",
        keys="slash",
        title="filter",
        words="Filter the list, or find in the page",
        group="Look",
        unavailable=unavailable_filter,
        rank=6,
    )
    def filter(self) -> None:
        self.screen.find_bar.left = self._left
        pane = self.screen.pane
        self._finding_in = pane if pane in ("detail", "requests") else "tree"
        if self._finding_in == "detail":
            self.screen.find_bar.ask("find", self.page_view.needle)
        elif self._finding_in == "requests":
            self.screen.find_bar.ask("requests with", self.requests.needle)
        else:
            levels = self.filterable()
            self._levels = {node.key: self._in_force(node) for node in levels}
            if not levels:
                self._finding_in = "rows"
                self.screen.find_bar.ask("find in the rows", self.images.search_text if self._filtered is None else "")
            else:
                self._aim(levels[0])
                self.screen.find_bar.ask(_noun(levels[0]), self._in_force(levels[0]))
        self._count()

    @action("next-match", keys="n", title="next match", words="Next match", group="Look")
    def next_match(self) -> None:
        self._step_match(1)

    @action(
        "previous-match",
        keys="N",
        title="previous match",
        words="Previous match",
        group="Look",
    )
    def previous_match(self) -> None:
        self._step_match(-1)

    @action("escape", keys="escape", title="clear", words="Clear filter, search or full screen", group="Look")
    def escape(self) -> None:
        if self.screen.pane == "detail" and self.page_view.needle:
            self.page_view.find("")
        elif self.screen.pane == "detail" and self.page_view.chosen is not None:
            self.page_view.unchoose()
        elif self.screen.pane == "requests" and self.requests.needle:
            self.requests.needle = ""
            self.requests.update()
        elif self.images.search_text:
            if self._finding_in != "rows":
                self._finding_in = "tree"
            self._search("")
            self._forget_cleared()
        elif self.screen.panes.unzoom():
            return
        elif self.screen.checking.problems_only:
            self.screen.checking.problems()
        elif self.screen.pane != "tree":
            self.screen.panes.focus_pane(1)

    def filterable(self) -> list[Node]:
        """What `/` filters from here: the rows around the cursor that are open and hold a list, of names or of an
        index's entries, the nearest first. Where there is none, it finds."""
        levels = []
        node = self.screen.current
        while node is not None:
            if node.is_index:
                if node.children and self.images.is_open(node):
                    levels.append(node)
            elif node.listing is not None and (node.kind is not Kind.REPOSITORY or self.images.is_open(node)):
                levels.append(node)
            node = node.parent
        return levels

    def _aim(self, node: Node) -> None:
        """What is typed filters this row from now on."""
        self._filters = (*(key for key in self._filters if key != node.key), node.key)

    def _nearest(self, text: str) -> Node | None:
        """The nearest list that something of this text is in; the nearest of all where it is in none."""
        levels = [node for key in self._levels if (node := self.screen.explorer.get(key)) is not None]
        holding = (node for node in levels if self._holds(node, text))
        return next(holding, levels[0] if levels else None)

    def _holds(self, node: Node, text: str) -> bool:
        if node.listing is not None:
            return any(map(matcher(text), node.listing.names))
        return any(row.kind not in _NO_MATCH and matches(row, text) for row in node.children)

    @property
    def _filtered(self) -> Node | None:
        """The row whose filter was begun last."""
        return self.screen.explorer.get(self._filters[-1]) if self._filters and self.screen.ready else None

    def _in_force(self, node: Node) -> str:
        """The filter of a row."""
        return node.listing.filter if node.listing is not None else self.images.narrowing.get(node.key, "")

    def takes_as_text(self, event: events.Key) -> bool:
        """Whether a key that no widget took is part of what is typed after `/`, and is taken as that. Where `/`
        does not apply, what comes with it in one go is taken too, and dropped."""
        if self.screen.find_bar.display:
            return self.screen.find_bar.catch(event)
        if event.key in self.screen.keys.of("filter") and self.screen.actions.unavailable("filter"):
            self._deaf_until = event.time + _ONE_GO
        elif event.is_printable and event.time < self._deaf_until:
            self._deaf_until = event.time + _ONE_GO
            return True
        return False

    def typed(self, text: str) -> None:
        """What is in the find bar has changed."""
        if self.screen.find_bar.display:  # else it was closed meanwhile, and has said what stays
            self._search(text)

    def _search(self, text: str) -> None:
        if self._finding_in == "detail":
            self.page_view.find(text)
        elif self._finding_in == "requests":
            self.requests.needle = text
            self.requests.update()
        elif self._finding_in == "rows":
            self.images.search_text = text
            self.images.repaint()
            if text and (rows := self._matching()) and self.screen.current not in rows:
                self._step_row(rows, 1)
        elif (node := self._filtered) is not None:
            self.images.search_text = text
            wanted = self._nearest(text)
            if wanted is not None and wanted is not node:
                self._narrow(node, self._levels.get(node.key, ""))
                self._aim(wanted)
                self.screen.find_bar.name_it(_noun(wanted))
                node = wanted
            self._narrow(node, text)
        self._count()

    def _narrow(self, node: Node, text: str, keep: Node | None = None) -> None:
        """Show only what matches below a row; of a long list so much, and the row of the cursor or the one to keep."""
        if node.listing is not None:
            self.screen.explorer.set_filter(node, text, keep or self.screen.current)
        elif text:
            self.images.narrowing[node.key] = text
        else:
            self.images.narrowing.pop(node.key, None)
        self.screen.checking.title_tree()
        self.screen.redraw.sync_tree()
        if node.listing is None:
            self.images.sync(node)
            self.screen.redraw.focus_engine()

    def _matching(self) -> list[Node]:
        """The rows that n and N go through: those that the filter lets through, or all that a text is found in."""
        node = self._filtered if self._finding_in != "rows" else None
        if node is not None:
            return [row for row in self.images.children_of(node) if row.kind not in _NO_MATCH]
        wanted = self.images.search_text.casefold()
        return [row for row in self.images.shown_nodes() if wanted and wanted in row.label.casefold()]

    def _count(self) -> None:
        words = ""
        if self._finding_in == "detail":
            view = self.page_view
            words = plural(view.match_count, "match", "matches") if view.needle else ""
        elif self._finding_in == "requests":
            words = plural(self.requests.count, "request")
        elif self._finding_in == "rows":
            words = plural(len(self._matching()), "row") if self.images.search_text else ""
        elif (node := self._filtered) is not None and (listing := node.listing) is not None:
            through = listing.matching if listing.filter else len(listing.names)
            words = f"{through:,} of {len(listing.names):,}{'' if listing.complete else '+'}"
        elif node is not None:
            rows = [row for row in node.children if row.kind not in _NO_MATCH]
            words = f"{len(self.images.narrowed(node, rows)):,} of {len(rows):,}"
        self.screen.find_bar.count(words)

    def _left(self, keep: bool) -> None:
        text = self.screen.find_bar.text if keep else ""
        self._search(text)
        if text and self._finding_in == "tree":
            self._go_to_a_match()
        self._levels = {}
        if self._finding_in in ("tree", "rows"):
            self._forget_cleared()
        home = {"detail": self.page_view, "requests": self.requests}.get(self._finding_in, self.images)
        self.screen.set_focus(home)
        self.screen.status.refresh_keys()

    def _go_to_a_match(self) -> None:
        """To the first row that the filter left, unless the cursor is in one of them."""
        node, rows = self.screen.current, self._matching()
        if node is not None and rows and not {node, *node.ancestors()} & set(rows):
            self.images.go(rows[0])

    def leave_find_bar(self) -> None:
        """Close the bar when another pane was clicked: keys go there now. What was typed stays in force."""
        focused = self.screen.focused
        if self.screen.find_bar.display and focused is not None and self.screen.find_bar not in focused.ancestors:
            self.screen.find_bar.display = False
            self._levels = {}
            if self._finding_in in ("tree", "rows"):
                self._forget_cleared()

    def _forget_cleared(self) -> None:
        """A filter that lets everything through is none; what is found now is what the one before it says."""
        nodes = [node for key in self._filters if (node := self.screen.explorer.get(key)) is not None]
        self._filters = tuple(node.key for node in nodes if self._in_force(node))
        last = self._filtered
        if self._finding_in == "tree" or not self.images.search_text:
            self._finding_in = "tree"
            self.images.search_text = self._in_force(last) if last is not None else ""
        self.images.repaint()

    def stepped(self, where: str) -> None:
        """Up or down was pressed in the find bar."""
        if self._finding_in == "detail":
            self.page_view.step_match(1 if where == "down" else -1)
        elif self._finding_in == "requests":
            self.requests.move(where)
        elif self._finding_in == "rows" and (rows := self._matching()):
            self._step_row(rows, 1 if where == "down" else -1)
        else:
            self.images.move(where)

    def _step_match(self, step: int) -> None:
        if self.screen.pane == "detail":
            self.page_view.step_match(step)
        elif self.screen.pane == "requests":
            self.requests.move("down" if step > 0 else "up")
        elif rows := self._matching():
            self._step_row(rows, step)

    def _step_row(self, rows: list[Node], step: int) -> None:
        """Go to the next of these rows, seen from the cursor; round at the end."""
        node = self.screen.current
        chain = {node, *node.ancestors()} if node is not None else set()
        here = next((place for place in range(len(rows) - 1, -1, -1) if rows[place] in chain), None)
        if here is None:
            shown = self.images.shown_nodes()
            places = {row.key: place for place, row in enumerate(shown)}
            cursor = places.get(node.key, -1) if node is not None else -1
            before = sum(places.get(row.key, -1) < cursor for row in rows)
            here = before - 1 if step > 0 else before
        self.images.go(rows[(here + step) % len(rows)])

    def unavailable(self, action_id: str) -> str:
        """Why there are no matches to go through."""
        if action_id not in ("next-match", "previous-match") or self.searching:
            return ""
        return "no filter or search; {key:filter} starts one"

    @property
    def takes_the_key_of_new(self) -> bool:
        """Whether the key that two actions share by design means the previous match now."""
        keys = self.screen.keys
        return self.searching and bool(set(keys.of("new")) & set(keys.of("previous-match")))

    @property
    def searching(self) -> bool:
        """Whether n and N have matches to go through in the pane that has the keys."""
        if self.screen.pane == "detail":
            return bool(self.page_view.needle)
        if self.screen.pane == "requests":
            return bool(self.requests.needle)
        return bool(self.images.search_text)

    def uncover(self, node: Node) -> bool:
        """Take away the filters that hide a row; False when none did."""
        rows = (node, *node.ancestors())
        hiding = [row.key for row in rows if row.key in self.images.narrowing and row is not node]
        hiding += [row.parent.key for row in rows if row.parent is not None and row in row.parent.hidden]
        for key in hiding:
            above = self.screen.explorer.get(key)
            if above is not None:
                self._narrow(above, "", node)
            self.images.narrowing.pop(key, None)
        if hiding:
            self._forget_cleared()
            self.screen.checking.title_tree()
        return bool(hiding)


def _noun(node: Node) -> str:
    """What is filtered, for the line in which it is typed."""
    if node.kind is Kind.SOURCE:
        return "repositories"
    return f"{'tags' if node.listing else 'rows'} of {shorten(node.label, 30)}"

"""What is done with the row under the cursor: mark, compare, sort, refresh."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.app.actions import action
from tui.app.pages.diff import diff_page
from tui.app.screens.dialogs import Choice, Item, Reader
from tui.explore.availability import (
    listing_of,
    unavailable_diff,
    unavailable_mark,
    unavailable_selected,
    unavailable_sort,
    unavailable_unmark,
)
from tui.explore.diff import diff
from tui.explore.listing import ORDERS
from tui.explore.node import Kind, Load
from tui.text import plural

if TYPE_CHECKING:
    from tui.app.screens.main import MainScreen


_ORDER_WORDS = {
    "version": "natural version, lowest first",
    "newest": "natural version, highest first",
    "name": "name",
    "server": "as the registry lists them",
    "age": "newest image first, where the age is known",
    "worst": "broken first, among the checked",
}


class Selection:
    """What changes neither the tree nor the registry."""

    def __init__(self, screen: MainScreen) -> None:
        self.screen = screen
        self.images = screen.images
        self._before: dict[str, str] = {}
        """The orders that lists had (by key) before they were sorted by what is broken."""

    @action(
        "mark",
        keys="m",
        title="mark",
        words="Mark or unmark this image",
        group="Look",
        unavailable=unavailable_mark,
    )
    def mark(self) -> None:
        image = self.screen.current.image() if self.screen.current else None
        if image is None:
            return
        if image in self.screen.marks:
            self.screen.marks.remove(image)
        else:
            self.screen.marks.append(image)
        self.images.repaint()
        self.screen.status.refresh_keys()

    @action(
        "clear-marks",
        keys="M",
        title="unmark",
        words="Clear all marks",
        group="Look",
        unavailable=unavailable_unmark,
    )
    def clear_marks(self) -> None:
        count = len(self.screen.marks)
        self.screen.marks.clear()
        self.images.repaint()
        self.screen.say(f"{plural(count, 'mark')} cleared.")
        self.screen.status.refresh_keys()

    @action(
        "diff",
        keys="d",
        title="diff",
        words="Diff with the marked image",
        group="Look",
        unavailable=unavailable_diff,
    )
    async def diff(self) -> None:
        """Compare the mark that was set last (and is not this one) with the row under the cursor."""
        image = self.screen.current.image() if self.screen.current else None
        if image is None:
            return
        other = next(mark for mark in reversed(self.screen.marks) if mark is not image)
        for node in (other, image):
            if node.load is Load.IDLE:
                await self.screen.explorer.open(node)
            if node.image_manifest is not None and node.config is None:
                await self.screen.explorer.read_config(
                    node
                )  # platform, entry point, labels: half of what there is to compare
        rows = diff(other, image)
        self.screen.observer.publish_view("diff", image)
        answer = await self.screen.ask(Reader("Diff", lambda room: diff_page(other, image, rows, room)))
        await self.screen.navigation.follow_answer(answer)

    @action(
        "sort",
        keys="s",
        title="sort",
        words="Sort the tags: name, version, newest where it is cheap",
        group="Look",
        unavailable=unavailable_sort,
    )
    async def sort(self) -> None:
        """Choose an order for the list that the cursor is in."""
        node = listing_of(self.screen.current)
        if node is None or node.listing is None:
            return
        items = [
            Item(str(number), _ORDER_WORDS.get(order, order), order,
                 detail="now" if order == node.listing.order else "")
            for number, order in enumerate(ORDERS, start=1)
        ]  # fmt: skip
        order = await self.screen.ask(Choice(f"Sort {node.label}", items))
        if order is not None:
            self.screen.explorer.set_order(node, order)
            self.screen.detail.refresh()

    @action(
        "worst-first",
        keys="W",
        title="worst first",
        words="Broken tags or repositories first; again restores the order",
        group="Look",
        unavailable=unavailable_sort,
        rank=14,
    )
    def worst_first(self) -> None:
        """Put what is broken at the top of the list that the cursor is in, or where it was."""
        node = listing_of(self.screen.current)
        if node is None or node.listing is None:
            return
        listing = node.listing
        if listing.order == "worst":
            self.screen.explorer.set_order(node, self._before.pop(node.key, ""))
        else:
            self._before[node.key] = listing.order if listing.order_chosen else ""
            self.screen.explorer.set_order(node, "worst")
            sum = self.screen.explorer.rollup(node)
            if not sum.broken and not sum.others:
                key = self.screen.keys.first("check")
                self.screen.say(f"No problems known in {node.label}. {key} checks it.")
        self.screen.detail.refresh()

    @action(
        "refresh",
        keys="r,f5",
        title="refresh",
        words="Refresh, bypass caches",
        group="Look",
        unavailable=unavailable_selected,
    )
    async def refresh(self) -> None:
        """Ask again for the row and what was loaded below it, past every cache."""
        node = self.screen.current
        if node is None:
            return
        if node.kind in (Kind.MORE, Kind.FAULT) and node.parent is not None:
            node = node.parent
        await self.screen.explorer.refresh(node)
        self.screen.detail.refresh()
        self.screen.status.refresh_verdict()

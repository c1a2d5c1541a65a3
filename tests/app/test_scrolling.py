"""What scrolls: where its bar stands."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from tui.app.styled_text import Line, Lines
from tui.app.widgets.page import PageView

pytestmark = pytest.mark.slow


class Reading(App[None]):
    """Nothing but a page."""

    def compose(self) -> ComposeResult:
        yield PageView()


def lines(count: int) -> Lines:
    return Lines([Line().put(f"line {number}") for number in range(count)])


async def test_the_bar_of_a_page_that_follows_a_short_one_begins_at_the_top() -> None:
    async with Reading().run_test(size=(40, 10)) as pilot:
        view = pilot.app.query_one(PageView)
        view.show(lines(100))
        view.move("bottom")
        await pilot.pause()
        assert view.vertical_scrollbar.position == view.scroll_y > 0
        view.show(lines(3))
        await pilot.pause()
        view.show(lines(100))
        await pilot.pause()
        assert view.scroll_y == 0 and view.vertical_scrollbar.position == 0

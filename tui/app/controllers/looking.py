"""Looking: check, problems only, JSON, explain, marks, diff, sort, refresh, requests, help, theme, quit."""

from __future__ import annotations

from abc import abstractmethod

from tui.app.actions import action
from tui.app.controllers.moving import Moving
from tui.explore.availability import (
    unavailable_diff,
    unavailable_mark,
    unavailable_selected,
    unavailable_sort,
    unavailable_unmark,
)
from tui.explore.listing import ORDERS
from tui.explore.node import Kind, Load, Node
from tui.text import plural

_ORDER_WORDS = {
    "version": "natural version, oldest first",
    "newest": "natural version, newest first",
    "name": "name",
    "server": "as the registry lists them",
}


class Looking(Moving):
    """Actions of the group Look, but for filtering and following."""

    json_pretty: bool

    # --- checks --------------------------------------------------------------------------------------------------

    @action(
        "check",
        keys="x",
        title="check",
        words="Check everything below the cursor; again stops it",
        group="Look",
        unavailable=unavailable_selected,
        rank=4,
    )
    async def do_check(self) -> None:
        """Check everything below the cursor; stop it when it runs."""
        node = self.current
        if node is None:
            return
        for run in self.explorer.running():
            if run.node is node or run.node in node.ancestors():
                run.stop()
                self.say(f"Stopped the check of {run.node.label} after {plural(run.done, 'object')}.")
                return
        run = self.explorer.check(node)
        self.refresh_verdict()
        await run.wait()
        self.observer.publish_checked(run, self.explorer)
        self.refresh_detail()
        self.refresh_verdict()

    @action(
        "problems",
        keys="exclamation_mark",
        title="problems",
        words="Show only what has a problem, or everything again",
        group="Look",
        rank=5,
    )
    def do_problems(self) -> None:
        before = self.current
        self.problems_only = not self.problems_only
        if self.problems_only and not any(self.images.children_of(root) for root in self.images.children_of(None)):
            self.problems_only = False  # an empty tree would only hide where the reader is
            key = self.keys.first("check")
            self.say(f"Nothing with a problem is known, so everything stays. Check something first ({key}).")
            return
        self.refilter()
        if before is not None:
            self.images.go(before)
        if self.problems_only:
            self.say(f"Only rows with a problem are shown now; {self.keys.first('problems')} shows everything again.")
        self.refresh_keys()

    # --- pages ---------------------------------------------------------------------------------------------------

    @action(
        "json",
        keys="v",
        title="JSON",
        words="The raw JSON; again switches between pretty-printed and as served",
        group="Look",
        unavailable=unavailable_selected,
    )
    def do_json(self) -> None:
        if self.tab == "json":
            self.json_pretty = not self.json_pretty
            self.refresh_detail(keep=False)
        else:
            self.show_tab("json")

    @action(
        "explain",
        keys="i",
        title="explain",
        words="Explain what this is",
        group="Look",
        unavailable=unavailable_selected,
        rank=11,
    )
    def do_explain(self) -> None:
        self.show_tab("summary" if self.tab == "explain" else "explain")

    # --- marks and diff ------------------------------------------------------------------------------------------

    @action(
        "mark",
        keys="m",
        title="mark",
        words="Mark or unmark this image",
        group="Look",
        unavailable=unavailable_mark,
    )
    def do_mark(self) -> None:
        image = self.current.image() if self.current else None
        if image is None:
            return
        if image in self.marks:
            self.marks.remove(image)
        else:
            self.marks.append(image)
        self.images.repaint()
        self.refresh_keys()

    @action(
        "clear-marks",
        keys="M",
        title="unmark",
        words="Clear all marks",
        group="Look",
        unavailable=unavailable_unmark,
    )
    def do_clear_marks(self) -> None:
        count = len(self.marks)
        self.marks.clear()
        self.images.repaint()
        self.say(f"{plural(count, 'mark')} cleared.")
        self.refresh_keys()

    @action(
        "diff",
        keys="d",
        title="diff",
        words="Compare the marked one with this one (never deletes)",
        group="Look",
        unavailable=unavailable_diff,
    )
    async def do_diff(self) -> None:
        """Compare the mark that was set last (and is not this one) with the row under the cursor."""
        from tui.app.pages.diff import diff_page
        from tui.app.screens.dialogs import Reader
        from tui.explore.diff import diff

        image = self.current.image() if self.current else None
        if image is None:
            return
        other = next(mark for mark in reversed(self.marks) if mark is not image)
        for node in (other, image):
            if node.load is Load.IDLE:
                await self.explorer.open(node)
            if node.image_manifest is not None and node.config is None:
                await self.explorer.read_config(node)  # platform, entry point, labels: half of what there is to compare
        rows = diff(other, image)
        self.observer.publish_view("diff", image)
        answer = await self.ask(Reader("Diff", diff_page(other, image, rows)))
        await self.follow_answer(answer)

    async def follow_answer(self, answer: str | None) -> None:
        """Go where a link of a dialog's page led."""
        what, _, value = (answer or "").partition(":")
        if what == "digest":
            await self.show_object(value)
        elif what == "node":
            await self.highlight(value)
        elif what == "copy":
            await self.copy_text(value, "text")

    # --- lists ---------------------------------------------------------------------------------------------------

    @action(
        "sort",
        keys="s",
        title="sort",
        words="Sort the tags: name, version, newest where it is cheap",
        group="Look",
        unavailable=unavailable_sort,
    )
    async def do_sort(self) -> None:
        """Choose an order for the list that the cursor is in."""
        from tui.app.screens.dialogs import Choice, Item

        node = self.context().listing
        if node is None or node.listing is None:
            return
        items = [
            Item(str(number), _ORDER_WORDS.get(order, order), order,
                 detail="now" if order == node.listing.order else "")
            for number, order in enumerate(ORDERS, start=1)
        ]  # fmt: skip
        order = await self.ask(Choice(f"Sort {node.label}", items))
        if order is not None:
            self.explorer.set_order(node, order)
            self.refresh_detail()

    @action(
        "refresh",
        keys="r,f5",
        title="refresh",
        words="Ask again, past every cache",
        group="Look",
        unavailable=unavailable_selected,
    )
    async def do_refresh(self) -> None:
        """Ask again for the row and what was loaded below it, past every cache."""
        node = self.current
        if node is None:
            return
        if node.kind in (Kind.MORE, Kind.FAULT) and node.parent is not None:
            node = node.parent
        await self.explorer.refresh(node)
        self.refresh_detail()
        self.refresh_verdict()

    # --- requests ------------------------------------------------------------------------------------------------

    async def show_exchange(self) -> None:
        """The headers of the request under the cursor, with a way to copy it as curl."""
        from tui.app.pages.exchange import exchange_page
        from tui.app.screens.dialogs import Reader

        exchange = self.requests.chosen
        if exchange is None:
            return
        page = exchange_page(exchange)
        answer = await self.ask(Reader(f"Request {exchange.id}", page, keys=(("c", "copy as curl", "curl"),)))
        if answer == "curl":
            await self.copy_text(exchange.curl(), "curl")

    # --- the program ---------------------------------------------------------------------------------------------

    @action("palette", keys="ctrl+p", title="palette", words="Every action and its key, to search in", group="Program")
    async def do_palette(self) -> None:
        self.app.action_command_palette()

    @action("theme", keys="t", title="theme", words="Light or dark", group="Program")
    def do_theme(self) -> None:
        self.fan.toggle_theme()

    @action("help", keys="question_mark,f1", title="help", words="Help for what is focused", group="Program", rank=15)
    async def do_help(self) -> None:
        """Help for the pane that has the keys, then all keys."""
        from tui.app.pages.help import help_page
        from tui.app.screens.dialogs import Reader

        self.observer.publish_view("help")
        page = help_page(self.pane, self.actions.table, self.keys, self.actions.reasons(), self.images.glyphs)
        answer = await self.ask(Reader("Help", page))
        what, _, value = (answer or "").partition(":")
        if what == "action":
            await self.action_act(value)

    @action(
        "quit",
        keys="q,ctrl+q",
        title="quit",
        words="Leave (asks only when a draft was not pushed)",
        group="Program",
        rank=16,
    )
    async def do_quit(self) -> None:
        """Leave; asks when a draft is open that was not pushed."""
        from tui.app.pages.parts import prose
        from tui.app.screens.dialogs import Confirm
        from tui.app.styled_text import Lines

        why = self.keys.put_in(self.fan.unsaved())
        if why and not await self.ask(Confirm("Leave?", Lines([prose(why)]), yes="leave")):
            return
        self.app.exit(0)

    # --- brought by the screen -----------------------------------------------------------------------------------

    @abstractmethod
    def refilter(self) -> None:
        """Show in the tree what `problems_only` lets through now."""


def is_problem(node: Node) -> bool:
    """Whether a row is a problem by itself: it failed to load, or it is a row that tells of a fault."""
    return node.load is Load.FAILED or node.error is not None or node.kind is Kind.FAULT

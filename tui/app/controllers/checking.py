"""Checking everything below a row, and showing only what has a problem."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.widget import Widget

from tui.app.actions import action
from tui.explore.availability import listing_of, unavailable_selected
from tui.explore.finding import Severity
from tui.explore.node import Kind, Load, Node
from tui.sources.presence import Presence
from tui.text import plural, safe

if TYPE_CHECKING:
    from tui.app.screens.main import MainScreen


_BAD = frozenset({Presence.MISSING, Presence.MISMATCHED, *(each for each in Presence if each.unanswered)})


class Checking:
    """`x`, and which rows are left when only problems are shown."""

    def __init__(self, screen: MainScreen) -> None:
        self.screen = screen
        self.images = screen.images
        self.problems_only = False

    @action(
        "check",
        keys="x",
        title="check",
        words="Check all below, or stop the check",
        group="Look",
        unavailable=unavailable_selected,
        rank=4,
    )
    async def check(self) -> None:
        """Check everything below the cursor; stop it when it runs."""
        await self._check(None)

    @action(
        "check-deep",
        keys="u",
        title="check deep",
        words="Check deep: hash and unpack every blob, or stop",
        group="Look",
        unavailable=unavailable_selected,
    )
    async def check_deep(self) -> None:
        """The same with every blob read and hashed."""
        await self._check(True)

    async def _check(self, deep: bool | None) -> None:
        node = self.screen.chosen
        if node is None:
            return
        for run in self.screen.explorer.running():
            if deep and not run.deep:
                continue  # it begins anew, deep
            if run.node is node or run.node in node.ancestors():
                run.stop()
                self.screen.say(f"Stopped the check of {run.node.label} after {plural(run.done, 'object')}.")
                return
        run = self.screen.explorer.check(node, deep=deep)
        self.screen.status.refresh_verdict()
        await run.wait()
        if (listed := listing_of(node)) is not None:
            self.screen.explorer.sort_again(listed)
        self.screen.observer.publish_checked(run, self.screen.explorer)
        if not run.stopped:
            await self.screen.explorer.ask_for_signatures(node)

    @action(
        "problems",
        keys="exclamation_mark",
        title="problems",
        words="Problems only, or all",
        group="Look",
        rank=5,
    )
    def problems(self) -> None:
        before = self.screen.current
        self.problems_only = not self.problems_only
        if self.problems_only and not any(self.images.children_of(root) for root in self.images.children_of(None)):
            self.problems_only = False  # an empty tree would only hide where the reader is
            key = self.screen.keys.first("check")
            self.screen.say(f"No problems known. {key} checks all.")
            return
        self.refilter()
        if before is not None:
            self.images.go(before)
        if self.problems_only:
            self.screen.say(f"Problems only. {self.screen.keys.first('problems')} shows all.")
        self.screen.status.refresh_keys()

    def shown_children(self, node: Node | None) -> Sequence[Node]:
        """Which children of a row are shown now, and in which order."""
        children = (
            self.screen.explorer.roots
            if node is None and self.screen.ready
            else node.children
            if node is not None
            else []
        )
        shown = self.images.narrowed(node, children)
        if not self.problems_only:
            return shown
        return [child for child in shown if self._troubled(child)]

    def _troubled(self, node: Node) -> bool:
        if node.kind is Kind.REFERRERS:
            return False  # no pull needs a signature
        if node.kind is Kind.SOURCE or is_problem(node):
            return True
        if self.screen.explorer.rollup(node).worst in _BAD or self.screen.explorer.observation(node).presence in _BAD:
            return True
        if any(
            finding.severity is not Severity.INFO
            for finding in self.screen.findings.findings(node, self.screen.explorer)
        ):
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
        title = self.screen.keys.titled("pane-1") + (f": {', '.join(hidden)}" if hidden else "")
        self.screen.query_one("#tree-pane", Widget).border_title = title


def is_problem(node: Node) -> bool:
    """Whether a row is a problem by itself: it failed to load, or it is a row that tells of a fault."""
    return node.load is Load.FAILED or node.error is not None or node.kind is Kind.FAULT

"""Copying: the digest at once, everything else from a menu; the toast shows the text and says which way it went."""

from __future__ import annotations

import os
from abc import abstractmethod
from typing import TYPE_CHECKING

from tui.app.actions import action
from tui.app.controllers.finding import Finding
from tui.app.copy_menu import CopyItem, copy_menu
from tui.explore.availability import unavailable_copy_digest, unavailable_selected
from tui.explore.node import Node
from tui.oci.canonical_json import json_text
from tui.teach.events import EventKind
from tui.text import safe, shorten

if TYPE_CHECKING:
    from tui.tools.table import CommandLine


class Copying(Finding):
    """`c` and `y`."""

    @action(
        "copy",
        keys="c",
        title="copy digest",
        words="Copy the whole digest (in Requests: the curl line)",
        group="Copy",
        unavailable=unavailable_copy_digest,
        rank=2,
    )
    async def do_copy(self) -> None:
        """The whole digest; in Requests the curl line; in Detail the chosen link, if one is chosen."""
        if self.pane == "requests" and self.requests.chosen is not None:
            await self.copy_text(self.requests.chosen.curl(), "curl")
            return
        link = self.page_view.chosen if self.pane == "detail" else None
        if link is not None and link.target.what in ("digest", "copy"):
            await self.copy_text(link.target.value, "digest" if link.target.what == "digest" else "command")
            return
        node = self.current
        if node is not None and node.digest is not None:
            await self.copy_text(str(node.digest), "digest")

    @action(
        "copy-menu",
        keys="y",
        title="copy…",
        words="Copy menu: digest, references, pull line, curl, JSON, report",
        group="Copy",
        unavailable=unavailable_selected,
        rank=3,
    )
    async def do_copy_menu(self) -> None:
        """Choose what to copy."""
        from tui.app.screens.dialogs import Choice, Item

        node = self.current
        if node is None:
            return
        made = copy_menu(node, self.commands_of(node))
        items = [Item(each.key, each.title, each, safe(each.text, limit=400), each.reason) for each in made]
        self.observer.publish_view("copy", node)
        chosen = await self.ask(Choice(f"Copy from {shorten(node.label, 40)}", items))
        if chosen is not None:
            await self.copy_item(node, chosen)

    async def copy_item(self, node: Node, item: CopyItem) -> None:
        """Copy what a line of the menu stands for."""
        text: str | None = item.text
        if item.what == "json":
            raw = await self.explorer.read_manifest_json(node)
            text = raw.decode("utf-8", errors="replace") if raw is not None else None
        elif item.what in ("markdown", "report"):
            text = self.report_text(node, item.what)
        if not text:
            self.say(f"There is no {item.title} to copy: it could not be read.", severity="warning")
            return
        await self.copy_text(text, item.what)

    async def copy_text(self, text: str, what: str) -> None:
        """Hand a text to the clipboard and say where it went, with the text itself for those whom it did not reach."""
        handed = await self.fan.hand_over(text, os.environ)
        shown = safe(text, limit=600, multiline=True)
        severity = "error" if handed.way == "nowhere" else "information"
        # One notice at a time: several would cover the screen, and the lesson that asks for one digest after another.
        self.app.clear_notifications()
        # A lesson that is under way has already gone on, and its next step is below the notice.
        seconds = 8 if self.lesson_reason("lesson-over") else 3
        self.say(f"{shown}\n\n{handed.words}", title=what, severity=severity, timeout=seconds)
        if handed.way != "nowhere":
            self.observer.publish_about(EventKind.COPIED, self.current, what=what, text=text)

    def report_text(self, node: Node, form: str) -> str:
        """The report on the tag or image that a row is in: `markdown`, or JSON."""

        from tui.explore.report import report

        about = node.top() or node
        run = self.explorer.last_check(about)
        # Without a check of just this row nobody counted: it was opened, or checked with others.
        spent = (None, 0) if run is None else (run.requests, run.searches)
        made = report(about, self.explorer.observations, requests=spent[0], searches=spent[1])
        if form == "markdown":
            return made.to_markdown()
        return json_text(made.to_json(), indent=2) + "\n"

    @abstractmethod
    def commands_of(self, node: Node) -> tuple[CommandLine, ...]:
        """Teach's command lines for a row."""

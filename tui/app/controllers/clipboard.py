"""Copying: the digest at once, everything else from a menu; the toast shows the text and says which way it went. Saving
asks for the path, and before it replaces a file."""

from __future__ import annotations

import asyncio
import io
import os
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tui.app.actions import action
from tui.app.copy_menu import CopyItem, copy_menu, digest_menu, has_json, named_digest, request_menu
from tui.app.pages.parts import prose
from tui.app.screens.dialogs import Choice, Confirm, Item, Prompt
from tui.app.styled_text import Lines
from tui.app.svg import without_web_fonts
from tui.explore.availability import unavailable_copy_digest, unavailable_copy_menu
from tui.explore.node import Node
from tui.explore.report import report
from tui.formats.markdown import markdown
from tui.oci.canonical_json import json_text
from tui.oci.digest import Digest
from tui.oci.errors import OciError
from tui.teach.events import EventKind
from tui.text import safe, shorten, size

if TYPE_CHECKING:
    from tui.app.clipboard import Handed
    from tui.app.screens.main import MainScreen
    from tui.registry.trace import Exchange


_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Linked:
    """What a link leads to: its digest ("" when it is not known yet), and its row where the link names one."""

    digest: str
    row: Node | None = None


class Clipboard:
    """Texts and files of what is shown."""

    def __init__(self, screen: MainScreen, hand_over: Callable[[str], Awaitable[Handed]]) -> None:
        self.screen = screen
        self._hand_over = hand_over

    @action(
        "copy",
        keys="c",
        title="copy digest",
        words="Copy the digest (in Requests: the curl line)",
        group="Copy",
        unavailable=unavailable_copy_digest,
        rank=2,
    )
    async def copy(self) -> None:
        """The whole digest of the row, or of the object that the chosen link leads to; in Requests the curl line."""
        if self.screen.pane == "requests" and self.screen.requests.chosen is not None:
            await self.copy_text(self.screen.requests.chosen.curl(), "curl")
            return
        linked = self.linked()
        node = self.screen.chosen
        digest = linked.digest if linked is not None else str(node.digest or "") if node is not None else ""
        if digest:
            await self.copy_text(digest, "digest")

    def linked(self) -> Linked | None:
        """The object that the link chosen in the detail leads to; None when none is, or when it leads to no object (a
        command, a page of a specification)."""
        link = self.screen.page_view.chosen if self.screen.pane == "detail" else None
        if link is None and self.screen.picture.view.has_focus and (row := self.screen.picture.target) is not None:
            return Linked(str(row.digest or ""), row)
        if link is None or not self.screen.ready:
            return None
        what, value = link.target.what, link.target.value
        if what == "node":
            row = self.screen.explorer.get(value)
            return Linked(str(row.digest or ""), row) if row is not None else None
        if what == "digest":
            return Linked(value)
        named = named_digest(value) if what == "copy" else ""
        return Linked(named) if named else None

    def _row(self, linked: Linked) -> Node | None:
        """The row of a linked object, if one stands for it."""
        if linked.row is not None:
            return linked.row
        try:
            wanted = Digest.parse(linked.digest)
        except OciError:
            return None
        here = self.screen.chosen
        return here if here is not None and here.digest == wanted else self.screen.navigation.find_row(wanted)

    @action(
        "copy-menu",
        keys="y",
        title="copy…",
        words="Copy menu: digest, references, pull line, curl, JSON, report",
        group="Copy",
        unavailable=unavailable_copy_menu,
        rank=3,
    )
    async def copy_menu(self) -> None:
        """Choose what to copy."""
        here = self.screen.chosen
        if self.screen.pane == "requests":
            if (exchange := self.screen.requests.chosen) is not None:
                await self.copy_of_request(exchange)
            return
        if here is None:
            return
        linked = self.linked()
        node = here if linked is None else self._row(linked)
        if node is None:
            assert linked is not None
            made, title = digest_menu(here, linked.digest), shorten(safe(linked.digest), 40)
        else:
            made, title = copy_menu(node, self.screen.detail.commands_of(node)), shorten(node.label, 40)
        node = node or here
        self.screen.observer.publish_view("copy", node)
        chosen = await self._choose(f"Copy from {title}", made)
        if chosen is not None:
            await self.copy_item(node, chosen)

    async def copy_of_request(self, exchange: Exchange) -> None:
        """Choose what to copy of a request."""
        await self.copy_one_of(f"Copy from request {exchange.id}", request_menu(exchange))

    async def copy_one_of(self, title: str, made: Sequence[CopyItem]) -> None:
        """Choose one of these texts, and copy it."""
        chosen = await self._choose(title, made)
        if chosen is not None:
            await self.copy_text(chosen.text, chosen.what)

    async def _choose(self, title: str, made: Sequence[CopyItem]) -> CopyItem | None:
        items = [
            Item(each.key, each.title, each, safe(each.text, limit=400), each.reason, words=False) for each in made
        ]
        return await self.screen.ask(Choice(title, items))

    async def copy_item(self, node: Node, item: CopyItem) -> None:
        """Copy what a line of the menu stands for."""
        text: str | None = item.text
        if item.what == "json":
            raw = await self.screen.explorer.read_manifest_json(node)
            text = raw.decode("utf-8", errors="replace") if raw is not None else None
        elif item.what in ("markdown", "report"):
            text = self.report_text(node, item.what)
        if not text:
            self.screen.say(f"No {item.title} to copy: it could not be read.", severity="warning")
            return
        await self.copy_text(text, item.what)

    async def copy_text(self, text: str, what: str) -> None:
        """Hand a text to the clipboard and say where it went, with the text itself for those whom it did not reach."""
        handed = await self._hand_over(text)
        shown = safe(text, limit=600, multiline=True)
        severity = "error" if handed.way == "nowhere" else "information"
        # One notice at a time: several would cover the screen, and the lesson that asks for one digest after another.
        self.screen.app.clear_notifications()
        # A lesson that is under way has already gone on, and its next step is below the notice.
        seconds = 8 if self.screen.actions.unavailable("lesson-over") else 3
        self.screen.say(
            f"{shown}\n\n{self.screen.keys.put_in(handed.words)}", title=what, severity=severity, timeout=seconds
        )
        if handed.way != "nowhere":
            self.screen.observer.publish_about(EventKind.COPIED, self.screen.current, what=what, text=text)

    def report_text(self, node: Node, form: str) -> str:
        """The report on the tag or image that a row is in: `markdown`, or JSON."""
        about = node.top() or node
        run = self.screen.explorer.last_check(about)
        # Without a check of just this row nobody counted: it was opened, or checked with others.
        spent = (None, 0) if run is None else (run.requests, run.searches)
        made = report(about, self.screen.explorer.observations, requests=spent[0], searches=spent[1])
        if form == "markdown":
            return markdown(made)
        return json_text(made.to_json(), indent=2) + "\n"

    @action("save", keys="ctrl+s", title="save", words="Save as JSON, Markdown or SVG", group="Copy")
    async def save(self) -> None:
        """Choose a form, name a file, write it."""
        node = self.screen.chosen
        no_node = "" if node is not None else "nothing is selected"
        if node is not None and not has_json(node):
            no_node = "no JSON document"
        no_top = "" if node is not None and node.top() is not None else "reports need a tag or an image"
        form = await self.screen.ask(
            Choice(
                "Save as",
                [
                    Item("m", "Markdown report", "md", "verdict, presence table, findings", no_top),
                    Item("j", "JSON report", "report", "as `fanfold check --json`", no_top),
                    Item("r", "JSON as served", "json", "the exact bytes of the document", no_node),
                    Item("s", "SVG picture", "svg", "the current screen"),
                ],
            )
        )
        if form is None:
            return
        content = await self._content(form, node)
        if content is None:
            self.screen.say("No document to save.", severity="warning")
            return
        await self.save_as(self._file_name(form, node), content)

    async def _content(self, form: str, node: Node | None) -> bytes | None:
        if form == "svg":
            return without_web_fonts(self.screen.app.export_screenshot(title="fanfold")).encode()
        if node is None:
            return None
        if form == "json":
            return await self.screen.explorer.read_manifest_json(node)
        return self.report_text(node, "markdown" if form == "md" else "json").encode()

    @staticmethod
    def _file_name(form: str, node: Node | None) -> str:
        ending = {"md": ".md", "report": ".report.json", "json": ".json", "svg": ".svg"}[form]
        parts: list[str] = ["fanfold"]
        if node is not None and form != "svg":
            about = node if form == "json" else node.top() or node
            parts = [about.repository or "fanfold", about.tag or (about.digest.short if about.digest else about.label)]
        name = _UNFIT.sub("-", "-".join(parts)).strip("-.")[:120] or "fanfold"
        return name + ending

    def _deliver(self, name: str, content: bytes) -> None:
        self.screen.app.deliver_binary(
            io.BytesIO(content), save_directory=".", save_filename=name, mime_type="application/octet-stream"
        )
        self.screen.say(f"Sent {name} to your browser: {size(len(content))}.")

    async def save_as(self, name: str, content: bytes) -> None:
        """Ask where to, and write it there; in a browser it is handed over at once."""
        if self.screen.settings.browser:
            self._deliver(name, content)
            return
        hint = self.screen.keys.put_in(f"{size(len(content))}; {{key:prompt-accept}} saves")
        typed = await self.screen.ask(Prompt("Save as", value=str(Path.cwd() / name), hint=hint))
        if not typed:
            return
        path = _path(typed)
        shown = safe(str(path))
        try:
            await asyncio.to_thread(_create, path, content)
        except FileExistsError:
            page = Lines([prose(f"{shown} exists. Overwrite?")])
            if not await self.screen.ask(Confirm("Save", page, yes="overwrite")):
                self.screen.say("Nothing was written.")
                return
            try:
                await asyncio.to_thread(_replace, path, content)
            except OSError as error:
                self.screen.say(_why(shown, error), severity="error", timeout=12)
                return
        except OSError as error:
            self.screen.say(_why(shown, error), severity="error", timeout=12)
            return
        self.screen.say(f"Saved {size(len(content))} to {shown}")


def _path(typed: str) -> Path:
    return Path(os.path.expanduser(typed))


def _why(shown: str, error: OSError) -> str:
    return f"Not saved to {shown}: {safe(error.strerror or str(error))}."


def _create(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)


def _replace(path: Path, content: bytes) -> None:
    """Write beside it first, so that a full disk leaves the old file whole."""
    if path.is_dir():
        raise IsADirectoryError(21, "Is a directory", str(path))
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)

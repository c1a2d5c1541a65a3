"""ctrl+s: what is shown, as JSON, Markdown or a picture. Asks for the path, and before it replaces a file."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

from tui.app.actions import action
from tui.app.controllers.copying import Copying
from tui.app.styled_text import Lines
from tui.explore.node import Node
from tui.text import safe, size

_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")


class Saving(Copying):
    """Saving what is shown."""

    @action("save", keys="ctrl+s", title="save", words="Save what is shown: JSON, Markdown, SVG", group="Copy")
    async def do_save(self) -> None:
        """Choose a form, name a file, write it."""
        from tui.app.screens.dialogs import Choice, Item

        node = self.current
        no_node = "" if node is not None else "nothing is selected"
        no_top = "" if node is not None and node.top() is not None else "a report is about a tag or an image"
        form = await self.ask(
            Choice(
                "Save what is shown",
                [
                    Item("m", "Markdown report", "md", "verdict, presence table, findings", no_top),
                    Item("j", "JSON report", "report", "as `fanfold check --json`", no_top),
                    Item("r", "JSON as served", "json", "the exact bytes of the document", no_node),
                    Item("s", "SVG picture", "svg", "the screen as it is now"),
                ],
            )
        )
        if form is None:
            return
        content = await self._content(form, node)
        if content is None:
            self.say("There is no document to save here.", severity="warning")
            return
        await self._write(self._file_name(form, node), content)

    async def _content(self, form: str, node: Node | None) -> bytes | None:
        if form == "svg":
            return self.app.export_screenshot(title="fanfold").encode()
        if node is None:
            return None
        if form == "json":
            return await self.explorer.read_manifest_json(node)
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

    async def _write(self, name: str, content: bytes) -> None:
        from tui.app.pages.parts import prose
        from tui.app.screens.dialogs import Confirm, Prompt

        typed = await self.ask(
            Prompt("Save as", value=str(Path.cwd() / name), hint=f"{size(len(content))}; enter saves")
        )
        if not typed:
            return
        path = _path(typed)
        shown = safe(str(path))
        try:
            await asyncio.to_thread(_create, path, content)
        except FileExistsError:
            page = Lines([prose(f"{shown} is there already. Replace it?")])
            if not await self.ask(Confirm("Replace the file?", page, yes="replace")):
                self.say("Nothing was written.")
                return
            try:
                await asyncio.to_thread(_replace, path, content)
            except OSError as error:
                self.say(_why(shown, error), severity="error", timeout=12)
                return
        except OSError as error:
            self.say(_why(shown, error), severity="error", timeout=12)
            return
        self.say(f"Saved {size(len(content))} to {shown}")


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

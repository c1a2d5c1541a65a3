"""The four digests in front of the screen: a digit copies one, the copying key the chosen digest."""

from __future__ import annotations

from textual import events

from tui.app.copy_menu import named_digest
from tui.app.pages.digests import digests_page
from tui.app.screens.dialogs import Reader
from tui.teach.digests import FourDigests


class DigestsReader(Reader):
    """Answers with `copy:` and the text to copy, or as a Reader does."""

    def __init__(self, four: FourDigests, digest: str = "") -> None:
        """`digest` is that of the row it was asked for."""
        super().__init__("Why are there four digests?", digests_page(four), copy="copy digest" if digest else "")
        self.four = four
        self.digest = digest

    def copied(self) -> str:
        """The chosen digest, else that of the row."""
        link = self.view.chosen
        named = named_digest(link.target.value) if link is not None else ""
        return f"copy:{named or self.digest}"

    def on_key(self, event: events.Key) -> None:
        row = self.four.rows[int(event.key) - 1] if event.key in ("1", "2", "3", "4") else None
        if row is None:
            return
        event.stop()
        if row.value:
            self.dismiss(f"copy:{row.value}")
        else:
            self.warn(row.what)

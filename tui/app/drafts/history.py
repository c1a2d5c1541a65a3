"""Undo and redo in the editor of a draft. Drafts are frozen, so that a history is a list of them."""

from __future__ import annotations

from tui.compose.draft import Draft

_MOST = 200


class History:
    """The draft of now, those before it, and those that were taken back."""

    def __init__(self, draft: Draft) -> None:
        self.first = draft
        self.draft = draft
        self._past: list[Draft] = []
        self._future: list[Draft] = []

    @property
    def changed(self) -> bool:
        """Whether anything was edited since it was begun."""
        return self.draft is not self.first

    @property
    def news(self) -> tuple[str, ...]:
        """What the last edit said; at the start, what making the draft said."""
        before = self._past[-1].messages if self._past else ()
        said = self.draft.messages
        return said[len(before) :] if said[: len(before)] == before else said

    def take(self, draft: Draft) -> None:
        """An edit gave another draft."""
        if draft is self.draft:
            return
        self._past.append(self.draft)
        del self._past[:-_MOST]
        self._future.clear()
        self.draft = draft

    def undo(self) -> bool:
        """Back to before the last edit; False when there is none."""
        if not self._past:
            return False
        self._future.append(self.draft)
        self.draft = self._past.pop()
        return True

    def redo(self) -> bool:
        """The edit that was taken back last, again; False when there is none."""
        if not self._future:
            return False
        self._past.append(self.draft)
        self.draft = self._future.pop()
        return True

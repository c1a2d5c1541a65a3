"""A draft under edit, for any front end: every change that can be asked for, undo and redo."""

from __future__ import annotations

from dataclasses import replace

from tui.compose import edit
from tui.compose.draft import Draft, Entry, EntryVerdict, TypeChoice
from tui.compose.validate import Problem, problems, row_name
from tui.oci.platform import Platform
from tui.oci.reference import Reference
from tui.text import safe

#: So many edits can be taken back.
_MOST_EDITS = 200


class DraftEditor:
    """The draft of now, those before it and those that were taken back: drafts are frozen, so that is two lists.

    Every method that changes the draft raises ComposeError, or OciError, when the change makes no sense; the draft
    stays as it was then. Rows are named by their key.
    """

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
    def can_undo(self) -> bool:
        """Whether there is an edit to take back."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether an edit was taken back and nothing else was edited since."""
        return bool(self._future)

    @property
    def news(self) -> tuple[str, ...]:
        """What the last edit said; at the start, what making the draft said."""
        before = self._past[-1].messages if self._past else ()
        messages = self.draft.messages
        return messages[len(before) :] if messages[: len(before)] == before else messages

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the draft as it is."""
        return problems(self.draft)

    @property
    def offered(self) -> Problem | None:
        """The first problem that `take_offer` would solve."""
        return next((each for each in self.problems if _has_offer(each)), None)

    def take(self, draft: Draft) -> None:
        """An edit gave another draft."""
        if draft is self.draft:
            return
        self._past.append(self.draft)
        del self._past[:-_MOST_EDITS]
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

    def move(self, key: str, step: int) -> bool:
        """Move a row by one (-1: up) among the draft's entries; False at the end of them.

        An attestation is shown with its image wherever it stands, so an image is moved past other images only.
        """
        entry = self.draft.entry(key)
        keys = [each.key for each in self.draft.entries if not each.is_attestation or entry.is_attestation]
        other = keys.index(key) + step
        if not 0 <= other < len(keys):
            return False
        place = [each.key for each in self.draft.entries].index(keys[other])
        self.take(edit.move(self.draft, key, place))
        return True

    def toggle_removed(self, key: str) -> None:
        """Remove a row with its attestations, or take that back. A row that was only added here goes altogether."""
        entry = self.draft.entry(key)
        if entry.verdict is EntryVerdict.REMOVED:
            self.take(edit.restore(self.draft, key).with_messages(f"Restored {row_name(entry)}."))
        elif entry.was is None:
            self.take(_without(self.draft, entry))
        else:
            self.take(edit.remove(self.draft, key))

    def take_offer(self) -> bool:
        """Do what is offered with the first problem that has an offer; False when none has."""
        problem = self.offered
        if problem is None:
            return False
        if problem.offer == "oci-type":
            self.take(edit.choose_type(self.draft, TypeChoice.OCI).with_messages("Type: OCI index."))
        else:
            self.take(edit.allow_duplicates(self.draft).with_messages("Both entries stay; clients use the first."))
        return True

    def set_platform(self, key: str, platform: Platform) -> None:
        """The platform that the index names for a row. What the row's `os.features` are stays."""
        held = self.draft.entry(key).platform
        platform = replace(platform, os_features=held.os_features if held else ())
        self.take(edit.edit_platform(self.draft, key, platform).with_messages(f"Platform: {safe(str(platform))}."))

    def annotate(self, name: str, value: str | None, key: str = "") -> None:
        """Annotate the index, or a row; None takes the annotation away."""
        if key:
            self.take(edit.annotate_entry(self.draft, key, name, value))
        else:
            self.take(edit.annotate(self.draft, name, value))

    def choose_type(self, choice: TypeChoice) -> None:
        """The media type of the index."""
        self.take(edit.choose_type(self.draft, choice))

    def retarget(self, target: Reference) -> None:
        """Push to another tag or repository."""
        self.take(edit.retarget(self.draft, target))


def _has_offer(problem: Problem) -> bool:
    return problem.offer == "oci-type" or (problem.code == "duplicate-platform" and problem.stops)


def _without(draft: Draft, entry: Entry) -> Draft:
    """The draft without a row that was only added here, and its attestations."""
    gone = {entry.key}
    if not entry.is_attestation:
        gone |= {each.key for each in draft.attestations_of(entry.descriptor.digest) if each.was is None}
    kept = tuple(each for each in draft.entries if each.key not in gone)
    return replace(draft, entries=kept).with_messages(f"Not added: {row_name(entry)}.")

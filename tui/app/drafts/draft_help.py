"""What the keys of the draft screen do, in words."""

from __future__ import annotations

from tui.app.pages.parts import blank, prose
from tui.app.styled_text import Line, Lines

_WORDS = (
    ("P", "work out the plan, show it, and push it from there"),
    ("a", "add an image from any reference; an index gives its images and their attestations"),
    ("enter r", "change the source of the row: what another reference holds now takes its place"),
    ("x", "remove the row with its attestations; again takes that back"),
    ("K J", "move the row up or down: clients take the first entry that fits"),
    ("p", "set the platform that the index names for the row"),
    ("n", "annotate the index or the entry"),
    ("t", "media type: auto, OCI index, Docker manifest list"),
    ("f", "put the images of an index inside the index in its place"),
    ("o", "take what is offered with a problem"),
    ("g", "push to another tag or repository"),
    ("L", "write only Docker's local list (for drafts that come from one)"),
    ("u ctrl+r", "undo, redo an edit of the draft"),
    ("v", "the index as JSON, before and after"),
    ("c", "copy the digest of the row"),
    ("[ ]", "scroll the entry"),
    ("esc", "back to the tree; the draft is kept, P goes on with it"),
    ("q", "discard the draft"),
)
_VERDICTS = (
    ("unchanged", "the source holds what the list held"),
    ("as it is", "no source known: the row is taken as it is, and may be old"),
    ("moved", "the source holds another image now: that one goes in"),
    ("gone", "the source is not there any more: replace or remove the row"),
    ("new", "the list did not have it"),
    ("removed", "the list had it, the new one will not"),
    ("unknown", "the source could not be asked; it is not known to be gone"),
)


def help_page() -> Lines:
    """The page."""
    lines = [Line(hang=11).put(f"{key:<10} ", "key-cap").put(words) for key, words in _WORDS]
    lines += [blank(), prose("Verdicts", "head")]
    lines += [Line(hang=11).put(f"{word:<10} ", "label").put(words) for word, words in _VERDICTS]
    lines += [blank(), prose("A source with a question mark is our proposal, not something that anybody wrote down.")]
    return Lines(lines)

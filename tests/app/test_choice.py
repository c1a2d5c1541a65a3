"""The lines of a choice: what does not fit of a detail goes on below, a digest is cut."""

from __future__ import annotations

from tui.app.screens.dialogs import Choice, Item
from tui.app.styled_text import wrap

DETAIL = "its manifest stays; U on the repository restores the tag"
CHOICE = Choice(
    "Delete from 1.0",
    [Item("t", "the tag only", 1, DETAIL), Item("d", "digest", 2, f"sha256:{'ab' * 32}", words=False)],
)


def test_words_are_folded_below_where_they_begin() -> None:
    words, digest = CHOICE._lines(50)
    assert words.plain.endswith(f"the tag only  {DETAIL}")
    assert words.hang == words.plain.index(DETAIL)
    assert len(wrap(words.held, 50, hang=words.hang, fold=words.fold)) == 2
    assert digest.plain.endswith("…") and wrap(digest.plain, 50, hang=digest.hang, fold=digest.fold) == [0]


def test_where_there_is_room_nothing_is_folded_or_cut() -> None:
    words, digest = CHOICE._lines(110)
    assert len(wrap(words.held, 110, hang=words.hang, fold=words.fold)) == 1 and not digest.plain.endswith("…")

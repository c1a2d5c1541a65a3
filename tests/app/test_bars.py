"""The lines around the panes: what a narrow one keeps."""

from __future__ import annotations

from tui.app.widgets.bars import KeyFact, fitting_keys
from tui.app.widgets.frame import fitting_entries

BAR = tuple(
    KeyFact(name, key, name, reason, name in ("open", "check", "fix"))
    for name, key, reason in (
        ("open", "Enter", ""),
        ("copy digest", "c", ""),
        ("copy…", "y", ""),
        ("check", "x", ""),
        ("problems", "!", ""),
        ("fix", "F", "nothing is missing"),
        ("push", "P", "there is no draft"),
        ("help", "?", ""),
        ("quit", "q", ""),
    )
)


def names(width: int) -> list[str]:
    return [fact.action for fact in fitting_keys(BAR, width)]


def test_all_keys_are_shown_where_there_is_room() -> None:
    assert names(120) == [fact.action for fact in BAR]


def test_a_wide_bar_does_not_change_with_what_applies() -> None:
    many = [*BAR[:6], *(KeyFact(f"more {n}", "m", "something", "") for n in range(9)), *BAR[-2:]]
    assert [fact.action for fact in fitting_keys(many, 100)][:6] == [fact.action for fact in BAR[:6]]


def test_a_narrow_bar_keeps_what_is_vital_then_what_applies() -> None:
    assert names(60) == ["open", "copy digest", "check", "help", "quit"]
    assert names(80) == ["open", "copy digest", "copy…", "check", "problems", "help", "quit"]
    assert names(40) == ["open", "check", "help", "quit"]


def test_help_and_quit_are_always_there() -> None:
    assert names(10) == ["help", "quit"]


def test_no_bar_is_wider_than_its_room() -> None:
    for width in range(17, 140):
        assert sum(fact.cells for fact in fitting_keys(BAR, width)) <= width


def test_the_keys_of_a_full_screen_end_with_the_ways_out() -> None:
    entries = [(f"do-{place}", "x", f"do something {place}") for place in range(14)]
    entries += [("leave", "Esc", "back"), ("discard", "q", "discard")]
    for width in range(20, 200):
        shown = fitting_entries(entries, width)
        assert shown[-2:] == entries[-2:] and shown[:-2] == entries[: len(shown) - 2]
    assert fitting_entries(entries, 200) == entries and len(fitting_entries(entries, 60)) == 10

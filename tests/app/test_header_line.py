"""The lines around the panes: what is in flight, where there is room for it; tabs in whole words."""

from __future__ import annotations

import pytest

from tui.app.widgets.bars import HeaderFacts, in_flight, tab_words


@pytest.mark.parametrize(
    ("facts", "width", "shown"),
    [
        (HeaderFacts("ghcr.io/app", flying="48 in flight"), 100, "48 in flight"),
        (HeaderFacts("ghcr.io/app", flying="48 in flight"), 60, ""),
        (HeaderFacts("ghcr.io/" + "a" * 60, flying="48 in flight"), 100, ""),
        (HeaderFacts("ghcr.io/app"), 100, ""),
    ],
)
def test_the_place_goes_before_what_is_in_flight(facts: HeaderFacts, width: int, shown: str) -> None:
    assert in_flight(facts, width) == shown


TABS = tuple((name.lower(), name) for name in ("Summary", "Layers", "Config", "JSON", "Findings", "Explain"))


@pytest.mark.parametrize("active", [name for name, _ in TABS])
@pytest.mark.parametrize("width", range(13, 70, 3))
def test_tabs_are_whole_words_in_any_width(width: int, active: str) -> None:
    shown = tab_words(TABS, {"findings": 12, "layers": 3}, active, width)
    text = "".join(words for _, words in shown).rstrip()
    titles = {title for _, title in TABS}
    assert {word for word in text.split() if not word.isdigit()} <= titles | {"…"}
    assert dict(TABS)[active] in text and len(text) <= width
    assert width < 43 or titles <= set(text.split())


def test_the_furthest_tabs_go_first_and_can_be_clicked() -> None:
    assert [*dict(tab_words(TABS, {}, "summary", 25)).items()][-1] == ("json", "…")
    assert tab_words(TABS, {}, "explain", 25)[0] == ("config", "… ")

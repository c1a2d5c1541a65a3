"""The header says how many requests are in flight, where there is room for it."""

from __future__ import annotations

import pytest

from tui.app.widgets.bars import HeaderFacts, in_flight


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

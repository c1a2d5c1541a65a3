"""The matrix and the tally, as data."""

from __future__ import annotations

from tests.formats.reports import broken, hostile, whole
from tui.explore.matrix import matrix
from tui.explore.tally import Tally, strip
from tui.sources.presence import Presence


async def test_a_row_for_each_platform_and_a_letter_for_each_shared_layer() -> None:
    amd, arm = matrix(await broken())
    assert [cell.name for cell in arm.cells] == ["manifest", "config", "layer 1", "layer 2", "attestation"]
    assert [cell.symbol for cell in amd.cells] == ["✓"] * 4
    assert [cell.symbol for cell in arm.cells] == ["✓", "✓", "✓", "✗", "✓"]
    assert arm.layers[1].presence is Presence.MISSING
    assert (amd.layers[0].share, arm.layers[0].share) == ("a", "a")
    assert (amd.layers[1].share, arm.layers[1].share) == ("", "")
    assert (amd.role, arm.role) == ("plain", "bad")


async def test_the_size_is_that_of_config_and_layers() -> None:
    for row in matrix(await whole()):
        assert row.config is not None
        assert row.size == sum(cell.node.size or 0 for cell in (row.config, *row.layers))


async def test_what_a_registry_says_stays_where_it_is() -> None:
    assert len(matrix(await hostile())) == 2


def test_a_strip_has_a_cell_for_each_of_a_few() -> None:
    assert strip(Tally(4, 2, 1)) == [("████", "good"), ("▓▓", "bad"), ("░", "warn")]
    assert strip(Tally(4, 2, 1), ascii_only=True) == [("####", "good"), ("XX", "bad"), ("?", "warn")]
    assert strip(Tally()) == []


def test_one_fault_among_ten_thousand_is_seen() -> None:
    pieces = strip(Tally(9_999, 1), 40)
    assert pieces == [("█" * 39, "good"), ("▓", "bad")]


def test_the_words_of_a_tally() -> None:
    assert Tally(27, 9, 3).words == "27 whole, 9 broken, 3 unknown"
    assert Tally(1_200).words == "1,200 whole"
    assert Tally().words == "nothing checked"

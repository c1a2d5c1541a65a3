"""What the benchmarks see of a terminal: where something was drawn, and on which background."""

from __future__ import annotations

import pytest

from tests.benchmarks.terminal import Painted

CURSOR = b"48;2;1;2;3"


def test_rows_columns_and_backgrounds() -> None:
    painted = Painted()
    sent = (
        b"\x1b[?2026h\x1b[3;1H\x1b[1;38;2;9;9;9;48;2;1;2;3mapp\x1b[0m 1.0\r\n\x1b[48;5;7mx\x1b[49my\x1b[5;40H\x1b[41mz"
    )
    assert painted.feed(sent) == [
        (3, 1, CURSOR),
        (3, 4, b""),
        (4, 1, b"48;5;7"),
        (4, 2, b""),
        (5, 40, b"41"),
    ]


def test_a_foreground_is_no_background() -> None:
    assert Painted().feed(b"\x1b[2;2H\x1b[38;2;48;41;40mx") == [(2, 2, b"")]


@pytest.mark.parametrize("cut", range(1, 22))
def test_a_sequence_may_come_in_two_parts(cut: int) -> None:
    painted = Painted()
    sent = b"\x1b[12;7H\x1b[48;2;1;2;3mx"
    assert [*painted.feed(sent[:cut]), *painted.feed(sent[cut:])] == [(12, 7, CURSOR)]

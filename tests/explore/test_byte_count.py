"""How far a deep check is, in bytes and in time."""

from __future__ import annotations

from tui.explore.checkrun import ByteCount


def test_bytes_and_the_time_that_is_left() -> None:
    now = 100.0
    count = ByteCount(lambda: now)
    assert count.words == ""
    count.expect("a", 60_000_000)
    count.expect("b", 40_000_000)
    count.expect("a", 60_000_000)
    assert count.words == "0 B of 100.0 MB"
    now += 0.5
    assert count.move("a", 10_000_000)
    assert count.words == "10.0 MB of 100.0 MB", "nothing is said of the time before a second has passed"
    now += 0.05
    assert not count.move("a", 15_000_000), "told at most ten times a second"
    now += 1.45
    count.move("a", 20_000_000)
    assert count.words == "20.0 MB of 100.0 MB, 8.0 s left"
    count.finish("a")
    count.move("b", 39_990_000)
    assert count.words == "100.0 MB of 100.0 MB", "less than a second is nothing to wait for"
    count.finish("b")
    assert count.words == "100.0 MB of 100.0 MB"

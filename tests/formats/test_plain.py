"""Sentences for who listens: order, words for symbols, nothing drawn."""

from __future__ import annotations

import re

from tests.formats.reports import broken, every, whole, written
from tui.explore.cells import UNICODE
from tui.explore.tally import Tally
from tui.formats.forms import open_writer
from tui.formats.writer import Sheet

#: Lines, blocks and shapes that are drawn with, and the symbols of a presence.
_DRAWN = re.compile(f"[\u2500-\u25ff\x1b×{re.escape(''.join(set(UNICODE.presence.values()) - {'?', '#', '·'}))}]")


async def test_what_is_wrong_is_said_first() -> None:
    lines = written("plain", [await broken()]).splitlines()
    assert lines[0] == "fake.test/app:1: broken"
    assert lines[1].startswith("The tag 1 cannot be pulled on linux/arm64: 1 layer is missing.")
    assert re.fullmatch(r"linux/arm64 layer 2: missing, \d+ B.*, sha256:[0-9a-f]{64}", lines[2])
    assert lines[3].startswith("Error missing-blob: ")
    arm, amd = (next(n for n, line in enumerate(lines) if line.startswith(f"{name}: can")) for name in _PLATFORMS)
    assert arm < amd
    assert "; manifest, config and layer 1 present; layer 2 missing; attestation present; " in lines[arm]


_PLATFORMS = ("linux/arm64", "linux/amd64")


async def test_nothing_is_drawn_coloured_or_in_columns() -> None:
    for made in await every():
        text = written("plain", [made], Sheet(width=40, colour=True))
        assert not _DRAWN.search(text)
        assert "   " not in text
        assert all(line == line.strip() for line in text.splitlines())


async def test_each_tag_is_one_sentence_and_the_sum_comes_last() -> None:
    writer = open_writer("plain", Sheet())
    writer.several = True
    text = writer.group("fake.test/app", ["1", "2"]) + writer.put(await broken(), tag="1")
    text += writer.put(await whole(), tag="2") + "".join(writer.end(Tally(whole=1, broken=1)))
    first, bad, good, blank, last = text.splitlines()
    assert (first, blank, last) == ("fake.test/app: 2 tags", "", "In all: 1 whole, 1 broken")
    assert bad.startswith("1: broken. linux/arm64: 1 layer missing. 2 platforms, ")
    assert good.startswith("2: whole. 2 platforms, ")


async def test_quiet_says_a_sentence_for_what_is_not_whole() -> None:
    writer = open_writer("plain", Sheet(quiet=True))
    assert writer.put(await whole()) == ""
    assert writer.put(await broken()).startswith("fake.test/app:1: broken. linux/arm64: 1 layer missing. ")

"""What passes between a page and its screen."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tui.app.clipboard import osc52
from tui.web.packets import FromPage, drawn, read_message

DRAWN = "\x1b[?1049h\x1b[2;3H\x1b[38;2;1;2;3mé ✓ ─\x1b[0m\x1b[?2026h".encode()


def test_what_draws_passes_as_it_is() -> None:
    assert drawn(DRAWN) == DRAWN and drawn(b"plain") == b"plain" and drawn(b"") == b""


def test_a_copy_passes() -> None:
    for text in ("sha256:abc", "", "é" * 5000):
        sequence = osc52(text, {})
        assert sequence is not None
        assert drawn(DRAWN + sequence.encode() + DRAWN) == DRAWN + (sequence.encode() if text else b"\x18") + DRAWN


@pytest.mark.parametrize(
    "evil",
    [
        b"\x1b]52;c;?\x07",
        b"\x1b]52;c;?\x1b\\",
        b"\x1b]52;;?\x07",
        b"\x1b]52;p;dGV4dA==\x07",
        b"\x1b]52;c;dGV4dA==\x1b]52;c;?\x07",
        b"\x1b]52;c;dGV4dA==;?\x07",
        b"\xc2\x9d52;c;?\xc2\x9c",
        b"\xc2\x9d52;c;?\x07",
        b"\x1b]0;title\x07",
        b"\x1b]8;;javascript:alert(1)\x1b\\",
        b"\x1bP$qm\x1b\\",
        b"\x1b_x\x1b\\",
        b"\x1b^x\xc2\x9c",
        b"\xc2\x90$qm\xc2\x9c",
    ],
)
def test_no_other_string_for_the_terminal_passes(evil: bytes) -> None:
    assert drawn(DRAWN + evil + DRAWN).replace(b"\x18", b"") == DRAWN + DRAWN
    assert drawn(DRAWN + evil[:-1]).startswith(DRAWN) and b"]" not in drawn(DRAWN + evil[:-1])[len(DRAWN) :]


def test_a_string_in_two_packets_loses_its_beginning() -> None:
    assert drawn(b"a\x1b") + drawn(b"]52;c;?\x07") == b"a]52;c;?\x07"
    assert drawn(b"a\xc2") + drawn(b"\x9d52;c;?\x07") == b"a\x9d52;c;?\x07"
    assert drawn(b"a\x1b]52;c") + drawn(b";?\x07") == b"a\x18;?\x07"


PIECES = [b"\x1b", b"]", b"52;c;", b"?", b"\x07", b"\\", b"\xc2", b"\x9d", b"\x9c", b"dA==", b"P", b"x"]


@given(st.lists(st.sampled_from(PIECES)))
@example([b"\x1b", b"\x1b", b"]", b"52;c;", b"?", b"\x07", b"]", b"52;c;", b"?", b"\x07"])
@example([b"\x1b", b"\x1b"])
def test_no_mixture_leaves_more_than_copies(pieces: list[bytes]) -> None:
    """Nor does what is left out bring together what stood on both sides of it."""
    passed = drawn(b"".join(pieces)) + b"]52;c;?\x07"
    for piece in re.split(rb"\x1b\]52;c;(?:dA==)+\x07", passed):
        assert not re.search(rb"\x1b[\]P]|\xc2\x9d", piece)


def test_a_copied_text_is_what_was_copied() -> None:
    held = drawn(b"\x1b]52;c;" + base64.b64encode("wörld".encode()) + b"\x07")
    assert base64.b64decode(held[7:-1]).decode() == "wörld"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ('["stdin", "q"]', FromPage("stdin", "q")),
        ('["resize", {"width": 100, "height": 30}]', FromPage("resize", width=100, height=30)),
        ('["resize", {"width": 1e9, "height": 30}]', None),
        ('["resize", {"width": 999999999, "height": -3}]', FromPage("resize", width=1000, height=1)),
        ('["ping", "1"]', FromPage("ping", "1")),
        (f'["ping", "{"1" * 1000}"]', None),
        ('["focus"]', FromPage("focus")),
        ('["blur"]', FromPage("blur")),
        ('["stdin", 3]', None),
        ('["stdin"]', None),
        ('["deliver_chunk_request", {}]', None),
        ("{}", None),
        ("null", None),
        ("", None),
        ("[" * 100_000, None),
    ],
)
def test_messages_of_a_page(text: str, read: FromPage | None) -> None:
    assert read_message(text) == read

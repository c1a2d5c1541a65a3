"""What a row says, and how it is cut: read from the engine, never decided here."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import get_args

import pytest
from rich.cells import cell_len

from tests.support.fake_source import FakeSource
from tests.support.images import image, index
from tui.explore.cells import (
    ASCII,
    KIND_CELLS,
    UNICODE,
    Columns,
    Piece,
    Row,
    kind_cell,
    layout,
    presence_pieces,
    row,
    shorter,
)
from tui.explore.explorer import Explorer
from tui.explore.listing import Listing
from tui.explore.node import Kind, Load, Node
from tui.explore.rollup import Rollup
from tui.oci.manifest import decode
from tui.sources.base import SourceError, SourceKind
from tui.sources.presence import Observation, Presence


@dataclass
class Known:
    seen: Observation = field(default_factory=lambda: Observation(Presence.UNCHECKED))
    sum: Rollup = field(default_factory=lambda: Rollup(worst=Presence.PRESENT))

    def observation(self, node: Node) -> Observation:
        return self.seen

    def rollup(self, node: Node) -> Rollup:
        return self.sum


def text(row: Row) -> str:
    return "".join(part for part, _ in row.status)


@pytest.mark.parametrize("presence", list(Presence))
def test_every_presence_has_a_symbol_of_one_cell_in_both_sets(presence: Presence) -> None:
    for glyphs in (UNICODE, ASCII):
        assert cell_len(glyphs.of(presence)) == 1
        assert glyphs is UNICODE or glyphs.of(presence).isascii()
    assert presence.words.role


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_no_two_presences_share_a_symbol(glyphs: type) -> None:
    symbols = [glyphs.of(presence) for presence in Presence if presence is not Presence.CHECKING]  # type: ignore[attr-defined]
    assert len(set(symbols)) == len(symbols)


@pytest.mark.parametrize(
    ("presence", "words"),
    [
        (Presence.PRESENT, "✓"),
        (Presence.MISSING, "✗ missing"),
        (Presence.DENIED, "⊘ denied"),
        (Presence.UNREACHABLE, "? unreachable"),
        (Presence.MISMATCHED, "≠ mismatched"),
        (Presence.FOREIGN, "↗ foreign"),
        (Presence.UNCHECKED, "·"),
    ],
)
def test_symbol_and_word(presence: Presence, words: str) -> None:
    pieces = presence_pieces(Observation(presence), UNICODE, 0, 0.0)
    assert "".join(part for part, _ in pieces) == words


def test_a_rate_limit_counts_down() -> None:
    seen = Observation(Presence.LIMITED, retry_at=time.monotonic() + 65)
    node = Node("k", Kind.LAYER, FakeSource(), repository="app", label="layer 1")
    assert text(row(node, Known(seen), UNICODE)).startswith("◔ limited, 1 min")


@pytest.mark.parametrize("load", [Load.IDLE, Load.FAILED])
def test_a_platform_that_is_limited_counts_down_before_and_after_it_is_opened(load: Load) -> None:
    retry_at = time.monotonic() + 65
    node = Node("m", Kind.MANIFEST, FakeSource(), "linux/amd64", load=load)
    if load is Load.FAILED:
        node.error = SourceError(Presence.LIMITED, "429", retry_at=retry_at)
    made = row(node, Known(Observation(Presence.LIMITED, retry_at=retry_at), Rollup(worst=Presence.LIMITED)), UNICODE)
    assert text(made).startswith("◔ limited, 1 min")
    assert made.live


def test_a_failed_row_shows_its_own_error_and_never_a_tick() -> None:
    error = SourceError(Presence.DENIED, "The registry does not let us look.", status=401)
    node = Node("k", Kind.TAG, FakeSource(), repository="app", label="1.0", load=Load.FAILED, error=error)
    made = row(node, Known(Observation(Presence.PRESENT), Rollup(worst=Presence.PRESENT, label="3/3")), UNICODE)
    assert text(made) == "⊘ denied" and made.note == "The registry does not let us look."


def test_a_manifest_of_which_nothing_below_was_asked_is_not_drawn_as_whole() -> None:
    source = FakeSource()
    for kind, words in (
        (Kind.MANIFEST, "· manifest present"),
        (Kind.ATTESTATION, "· manifest present"),
        (Kind.TAG, "·"),
    ):
        node = Node("k", kind, source, repository="app", label="x")
        made = row(node, Known(Observation(Presence.PRESENT), Rollup(worst=Presence.UNCHECKED)), UNICODE)
        assert text(made) == words
        assert {role for _, role in made.status} == {"dim"}
        node.load = Load.READY
        assert row(node, Known(sum=Rollup(worst=Presence.PRESENT, label="3/3")), UNICODE).status[0] == ("✓", "good")
        node.load = Load.IDLE
        assert text(row(node, Known(sum=Rollup(worst=Presence.MISSING)), UNICODE)) == "✗ missing"


def test_a_great_many_tags_have_room() -> None:
    node = Node("k", Kind.REPOSITORY, FakeSource(), repository="app", label="app")
    node.listing = Listing()
    for count, words in ((1, "1 tag"), (300, "300 tags"), (20_000, "20,000")):
        node.listing.names = [f"t{number}" for number in range(count)]
        node.listing.complete = True
        assert kind_cell(node) == words


@pytest.mark.parametrize("kind", get_args(SourceKind))
def test_every_kind_of_source_fits_its_column(kind: str) -> None:
    source = FakeSource()
    source.kind = kind  # type: ignore[assignment]
    assert 0 < len(kind_cell(Node("k", Kind.SOURCE, source, label="x"))) < KIND_CELLS


def test_kinds_and_sizes() -> None:
    made = image()
    source = FakeSource()
    tag = Node("k", Kind.TAG, source, repository="app", label="1.0", manifest=decode(made.raw))
    assert kind_cell(tag) == "image"
    platform = Node("p", Kind.MANIFEST, source, repository="app", manifest=decode(made.raw))
    total = sum(part.descriptor.size for part in made.blobs)
    assert kind_cell(platform) == f"{total} B"
    assert kind_cell(Node("q", Kind.MANIFEST, source, repository="app")) == ""


@pytest.mark.parametrize("width", [20, 34, 50, 64, 100])
@pytest.mark.parametrize(
    "name", ["app", "a-very-long-tag-name-that-never-ends-1.2.3-alpine", "漢字漢字漢字漢字漢字漢字"]
)
def test_rows_never_grow_wider_than_the_pane(width: int, name: str) -> None:
    long = Row(name, "plain", "9,999 kB", (("✗", "bad"), (" 1 of 2 platforms broken", "bad")), "RUN " + "x" * 200)
    for indent in (2, 6, 10):
        pieces = layout(long, Columns.of(width), indent, UNICODE)
        assert cell_len("".join(part for part, _ in pieces)) <= width - indent


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (40, " 1 of 2 platforms broken"),
        (20, " 1 of 2 broken"),
        (10, " 1 broken"),
    ],
)
def test_a_sum_is_said_in_fewer_words_never_in_half_of_them(cells: int, said: str) -> None:
    assert shorter(" 1 of 2 platforms broken", cells) == said


def test_status_columns_stand_in_line_whatever_the_depth() -> None:
    columns = Columns.of(64)
    places = set()
    for indent in (2, 4, 6, 8):
        pieces = layout(Row("layer 1", "plain", "155 B", (("✓", "good"),), "RUN"), columns, indent, UNICODE)
        places.add(indent + "".join(part for part, _ in pieces).index("✓"))
    assert len(places) == 1


FACTS = ("2ac9f6460d5b", "3 y")
GOOD: tuple[Piece, ...] = (("✓", "good"), (" 3/3", "good"))
STATUS: tuple[Piece, ...] = (("✗", "bad"), (" 1 of 2 platforms broken", "bad"))


def drawn(cells: Row, columns: Columns, indent: int = 4) -> str:
    return "".join(text for text, _ in layout(cells, columns, indent, UNICODE))


def test_age_and_digest_stand_at_the_right_edge_the_digest_first_where_there_is_room_for_one() -> None:
    tag = Row("1.4.2", "plain", "412.1 MB", GOOD, "", facts=FACTS)
    shown = {width: drawn(tag, Columns.of(width, 16)) for width in (44, 52, 64, 110)}
    assert FACTS[0] not in shown[44] and Columns.of(44, 16).facts == 0
    assert shown[52].endswith(f"✓ 3/3        {FACTS[0]}") and "3 y" not in shown[52]
    assert shown[64].endswith(f"     3 y  {FACTS[0]}") and shown[110].endswith(f"     3 y  {FACTS[0]}")
    assert {len(text) + 4 for width, text in shown.items() if width > 44} == {52, 64, 110}


def test_what_is_wrong_is_told_before_age_and_digest() -> None:
    broken = Row("1.4.2", "plain", "412.1 MB", (("✗", "bad"), (" arm64 broken", "bad")), "", facts=FACTS)
    assert drawn(broken, Columns.of(68, 19)).endswith(f"✗ arm64 broken       3 y  {FACTS[0]}")
    assert drawn(broken, Columns.of(64, 19)).endswith(f"✗ arm64 broken        {FACTS[0]}")
    long = Row("1.4.2", "plain", "index", (("◔", "warn"), (" rate limited, 59 s left", "warn")), "", facts=FACTS)
    assert drawn(long, Columns.of(58, 16)).endswith("rate limited, 59 s left")
    failed = Row("1.4.2", "plain", "", (("✗", "bad"), (" missing", "bad")), "The manifest was not found.", facts=FACTS)
    assert drawn(failed, Columns.of(74, 16)).endswith("The manifest was not found.")


def test_a_long_name_of_a_repository_takes_no_room_from_the_digests_of_images() -> None:
    """120 columns leave the tree 64."""
    columns = Columns.of(64, 34, 19)
    assert columns.facts == 2 and Columns.of(64, 34).facts == 0
    opened = Row("gallery/missing-attestation", "plain", "2 tags", (("✗", "bad"), (" 1 broken", "bad")), "")
    assert drawn(opened, columns, 4).startswith("gallery/missing-attestation 2 tags   ✗ 1 broken")


def test_a_name_is_not_cut_while_there_is_room_beside_it() -> None:
    name = "nightly-2026-11-21-a-name-of-very-many-cells-4c5e2f"
    columns = Columns.of(80, len(name) + 6)
    short = Row(name, "plain", "index", GOOD, "a note of many words", facts=FACTS)
    assert drawn(short, columns).startswith(f"{name} index    ✓ 3/3")
    columns = Columns.of(64, 30)
    assert name in drawn(Row(name, "plain", "", (("✓", "good"),), ""), columns)
    assert name not in drawn(Row(name, "plain", "index", STATUS, ""), columns)


@pytest.mark.parametrize("width", [20, 40, 64, 110, 200])
@pytest.mark.parametrize("name", ["app", "x" * 90, "漢字" * 20])
@pytest.mark.parametrize("status", [(), STATUS])
def test_rows_with_facts_never_grow_wider_than_the_pane(width: int, name: str, status: tuple[Piece, ...]) -> None:
    for indent in (2, 10):
        for images in (0, 20):
            columns = Columns.of(width, 40, images)
            text = drawn(Row(name, "plain", "index", status, "a note", facts=FACTS), columns, indent)
            assert cell_len(text) <= width - indent


async def test_facts_are_those_of_what_was_read() -> None:
    source = FakeSource()
    source.put("app", index(image("linux/amd64"), image("linux/arm64")), "1.0")
    explorer = Explorer()
    node = explorer.add_repository(source, "app")
    await explorer.open(node)
    tag = node.children[0]
    shown = row(tag, explorer, UNICODE, facts=2)
    assert shown.facts == ("", "") and shown.kind == ""
    await explorer.check(tag).wait()
    shown = row(tag, explorer, UNICODE, facts=2)
    assert shown.facts[0] == str(tag.digest)[7:19] and shown.facts[1]
    assert shown.kind.endswith("kB") and not shown.note, "its size, not the word index"
    assert row(tag.children[0].children[0], explorer, UNICODE, facts=2).facts == ("", "")
    await explorer.aclose()

"""Folding, links and the JSON page: plain data; and what a page draws of it."""

from __future__ import annotations

import json
import time
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.color import Color
from textual.selection import Selection
from textual.theme import Theme

from tests.app.test_theme import LEAST, contrast
from tui.app.pages.json_page import LIMIT, JsonPage, reindent
from tui.app.styled_text import Line, Lines, Target, columns, cut, shortened, wrap
from tui.app.theme import DARK, LIGHT, THEMES, variables_for
from tui.app.widgets.page import PageView

DIGEST = "sha256:" + "ab" * 32


def rows(text: str, width: int, **how: object) -> list[str]:
    starts = [*wrap(text, width, **how), len(text)]  # type: ignore[arg-type]
    return [text[a:b] for a, b in pairwise(starts)]


def test_words_are_kept_whole_and_digests_are_cut_anywhere() -> None:
    assert rows("one two three four", 9) == ["one two ", "three ", "four"]
    assert rows(DIGEST, 30, fold="char") == [DIGEST[:30], DIGEST[30:60], DIGEST[60:]]
    assert rows(DIGEST, 30, fold="char", hang=10) == [DIGEST[:30], DIGEST[30:50], DIGEST[50:70], DIGEST[70:]]


def test_a_name_is_folded_behind_a_separator_near_the_end_of_the_row() -> None:
    name = "127.0.0.1:35721/sandbox:0.16-edge-arm64"
    assert rows(name, 37, fold="name") == ["127.0.0.1:35721/sandbox:0.16-edge-", "arm64"]
    assert rows(DIGEST, 30, fold="name") == rows(DIGEST, 30, fold="char")


def test_a_number_is_not_parted_from_its_unit() -> None:
    assert rows("it takes 62.9 kB here", 13) == ["it takes ", "62.9 kB here"]
    assert rows("in about 40 s left, 3 done", 12) == ["in about ", "40 s left, ", "3 done"]
    assert rows("of 12 banners", 6) == ["of 12 ", "banner", "s"], "only before a unit"


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=200), st.integers(12, 60), st.integers(0, 20))
@example(" 00000000000⺀", 12, 0)
def test_folding_loses_nothing_and_fits(text: str, width: int, hang: int) -> None:
    for fold in ("word", "char", "name"):
        made = rows(text, width, hang=hang, fold=fold)
        assert "".join(made) == text
        if len(made) > 1:
            room = width - (hang if hang < width - 8 else 0)
            assert cell_len(made[0]) <= width
            assert all(cell_len(row) <= max(room, 2) for row in made[1:])


def test_wide_characters_are_counted_by_cells() -> None:
    assert cut("漢字漢字", 5) == "漢字…"
    assert all(cell_len(row) <= 10 for row in rows("漢字" * 20, 10, fold="char"))


def test_columns_stand_in_line() -> None:
    line = columns([("name", 6, "plain"), ("a long one", 6, "dim"), ("rest", 0, "plain")])
    assert line.plain == "name  a lo… rest"


@given(st.text(alphabet="ab 世x ", max_size=300), st.integers(24, 90), st.integers(0, 3))
def test_a_shortened_line_fits_and_keeps_its_keys(words: str, width: int, keys: int) -> None:
    line = Line(hang=2).put("✗ ", "bad").put(words, "bad")
    for number in range(keys):
        line.put("   ").put(str(number), "key-cap", Target("action", f"act-{number}")).put(" do", "label")
    short = shortened(line, width, 2)
    assert len(wrap(short.plain, width, hang=2)) <= 2
    acts = [link.target.value for link in short.links]
    assert acts == [f"act-{number}" for number in range(keys)]
    assert [short.plain[link.start : link.end] for link in short.links] == [str(number) for number in range(keys)]
    caps = [short.plain[start:end] for start, end, role in short.spans if role == "key-cap"]
    assert caps == [str(number) for number in range(keys)]
    if len(wrap(line.held, width, hang=2)) <= 2:
        assert short.plain == line.plain
    else:
        assert "…" in short.plain
        assert line.plain.startswith(short.plain.partition("…")[0])


def test_links_are_found_in_order() -> None:
    page = Lines(
        [Line().put("a", link=Target("digest", "1")), Line().put("b"), Line().put("c", link=Target("copy", "2"))]
    )
    assert [(number, link.target.value) for number, link in page.links()] == [(0, "1"), (2, "2")]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(JSON, st.booleans())
def test_laying_out_json_changes_no_token(value: object, escaped: bool) -> None:
    text = json.dumps(value, ensure_ascii=escaped)
    laid = "\n".join(reindent(text))
    assert json.loads(laid) == value
    assert laid == json.dumps(value, ensure_ascii=escaped, indent=2) or "\n" not in laid or json.loads(laid) == value


@given(st.text(max_size=300))
def test_what_is_no_json_is_laid_out_without_loss(text: str) -> None:
    bare = "".join(text.split())
    assert "".join("".join(reindent(text)).split()) == bare


def test_doubled_keys_odd_numbers_and_escapes_stay_as_they_came() -> None:
    text = '{"a":1.00,"a":1e400,"b":"\\u0041\\/"}'
    assert [line.strip() for line in reindent(text)] == ["{", '"a": 1.00,', '"a": 1e400,', '"b": "\\u0041\\/"', "}"]


def test_every_digest_in_json_is_a_link_and_nothing_else() -> None:
    raw = json.dumps({"config": {"digest": DIGEST}, "note": "sha256:short", "both": f"{DIGEST} {DIGEST}"}).encode()
    links = [link.target for _, link in JsonPage(raw).links()]
    assert links == [Target("digest", DIGEST)] * 3


def test_hostile_bytes_are_made_visible() -> None:
    raw = b'{"a":"\x9b31m","b":"\xc2\x9b31m\xe2\x80\xae","c":"\x1b]52;c;AAAA\x07"}'
    text = "\n".join(JsonPage(raw).plain(number) for number in range(len(JsonPage(raw))))
    assert not any(ord(character) < 32 and character != "\n" for character in text)
    assert "\x9b" not in text and "\u202e" not in text


def test_a_very_large_document_is_bounded_and_says_so() -> None:
    raw = b"[" + b",".join(b'"%d"' % number for number in range(400_000)) + b"]"
    began = time.monotonic()
    page = JsonPage(raw, rest="; save it to have it whole")
    assert time.monotonic() - began < 10
    assert len(raw) > LIMIT and "save it" in page.plain(len(page) - 1)


@pytest.mark.parametrize("pretty", [True, False])
def test_lines_are_coloured_when_asked_for(pretty: bool) -> None:
    page = JsonPage(b'{"key": "value", "n": 12, "t": true}', pretty=pretty)
    roles = {role for number in range(len(page)) for _, _, role in page.line(number).spans}
    assert roles == {"key", "string", "number", "literal"}


def _verdict(words: str) -> Line:
    """A verdict with what to do about it, and how old it is."""
    line = Line(hang=2).put("✗ ", "bad").put(words, "bad")
    for key, word, remark in (("F", "fix", "searches"), ("r", "refresh", "oldest answer 2 minutes ago")):
        line.put("   ").put(key, "key-cap", Target("action", word)).put(f" {word}", "label").put(f" ({remark})", "dim")
    return line


def test_a_verdict_is_worth_more_than_its_age() -> None:
    words = "6b972be0 cannot be pulled on any of its 2 platforms"
    short = shortened(_verdict(words), 50, 2)
    assert short.plain == f"✗ {words}   F fix (searches)   r refresh"
    assert [link.target.value for link in short.links] == ["fix", "refresh"]


def test_no_key_of_a_verdict_is_parted_from_its_word() -> None:
    for width in range(40, 120):
        short = shortened(_verdict("latest cannot be pulled on linux/arm64: 1 layer is missing."), width, 2)
        starts = [*wrap(short.held, width, hang=2), len(short.plain)]
        made = [short.plain[a:b].rstrip() for a, b in pairwise(starts)]
        assert len(made) <= 2 and not any(row.endswith((" F", " r")) for row in made), width


def test_a_shortened_line_begins_no_sentence_that_it_does_not_end() -> None:
    words = "0.16-edge cannot be pulled on linux/arm64: 1 layer is missing. It can be pulled on linux/amd64. "
    words += "Stale: 2 entries; their tags now point elsewhere (0.16-edge-arm64 is sha256:0c5c0fcbb304…). Recreate it."
    for width, kept in (
        (78, "It can be pulled on linux/amd64. …"),
        (58, "1 layer is missing. …"),
        (110, "Stale: 2 entries; their tags now point elsewhere…"),
        (118, "Stale: 2 entries; their tags now point elsewhere…"),
    ):
        line = Line(hang=2).put("✗ ", "bad").put(words, "bad")
        line.put("   ").put("R", "key-cap", Target("action", "recreate")).put(" recreate", "label")
        line.put(" (another digest)", "dim").put("   ").put("i", "key-cap", Target("action", "explain"))
        short = shortened(line.put(" explain", "label"), width, 2).plain
        assert f"{kept}   R recreate" in short, short


def test_a_shortened_line_ends_with_a_whole_word() -> None:
    line = Line(hang=2).put("It cannot be pulled on linux/arm64: 1 layer is missing. It still points elsewhere.")
    line.put("   ").put("R recreate", "key-cap", Target("action", "recreate"))
    short = shortened(line, 40, 2).plain
    assert short.endswith("…   R recreate") and "It still points elsewhere".startswith(
        short.split(". ")[1].split("…")[0]
    )
    assert short.split("…")[0].split()[-1] in line.plain.split()


class _Alone(App[None]):
    """A page and nothing else."""

    CSS_PATH = "../../tui/app/main.tcss"

    def __init__(self) -> None:
        super().__init__()
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name

    def compose(self) -> ComposeResult:
        yield PageView()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variables_for(self.current_theme)


@pytest.mark.slow
async def test_a_line_that_is_not_folded_says_that_it_goes_on() -> None:
    app = _Alone()
    async with app.run_test(size=(21, 6)) as pilot:  # one column is for the bar
        view = app.query_one(PageView)
        view.show(Lines(Line(text, fold="cut") for text in ("x" * 20 + "  ", "layer 3  RUN echo missing", "日" * 11)))
        await pilot.pause()
        first, second, third = (view.render_line(row).text.rstrip() for row in range(3))
        assert first == "x" * 20
        assert second == "layer 3  RUN echo m…"
        assert third.endswith("…") and cell_len(third) == 20


@pytest.mark.slow
@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
async def test_selected_text_can_be_read_whatever_its_role(theme: Theme) -> None:
    app = _Alone()
    async with app.run_test(size=(40, 6)) as pilot:
        app.theme = theme.name
        view = app.query_one(PageView)
        view.show(
            Lines([Line().put("digest ", "dim").put("sha256:12", "digest").put(" missing", "bad").put(" x", "key-cap")])
        )
        app.screen.selections = {view: Selection(None, None)}
        await pilot.pause()
        drawn = [segment for segment in view.render_line(0) if segment.text.strip()]
        colours = [
            (Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor)) for _, style, _ in drawn if style
        ]
        assert len(drawn) == len(colours) == 4
        assert min(contrast(words, ground) for words, ground in colours) >= LEAST

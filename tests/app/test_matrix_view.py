"""The matrix as a widget: how it folds to a width, what it draws again, and what a row of symbols says."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from textual.app import App, ComposeResult

from tui.app.pages.picture import fold_row, health, index_signatures, legend, order
from tui.app.picture import Picture
from tui.app.theme import THEMES, variables_for
from tui.app.widgets.matrix import GridRow, Head, MatrixView, Pitch, Square, number_text, runs_of
from tui.explore.cells import UNICODE
from tui.explore.matrix import Cell
from tui.explore.node import Kind, Load
from tui.sources.presence import Presence

OK, BAD = Square("✓", "good"), Square("✗", "fault")


def head(layers: int, longest: int = 14) -> Head:
    return Head("platform", ("mf", "cf"), layers, ("att", "sig"), "size", longest)


def row(name: str, layers: int, bad: int = -1) -> GridRow:
    squares = tuple(BAD if place == bad else OK for place in range(layers))
    return GridRow(name, "bad" if bad >= 0 else "plain", (OK, OK), squares, (OK, None), "92 MB")


@pytest.mark.parametrize(
    ("layers", "width", "cell"),
    [(8, 74, 3), (8, 58, 2), (20, 74, 1), (30, 76, 1), (8, 46, 1), (61, 200, 0), (40, 60, 0), (500, 40, 0)],
)
def test_columns_become_narrower_and_then_runs(layers: int, width: int, cell: int) -> None:
    assert Pitch.of(head(layers), width).cell == cell


@pytest.mark.parametrize("layers", [0, 1, 8, 30, 60, 500])
@pytest.mark.parametrize("width", [20, 40, 53, 76, 120])
def test_a_grid_never_takes_more_than_its_room(layers: int, width: int) -> None:
    made = Pitch.of(head(layers), width)
    taken = made.name + 2 * made.end + 1 + (made.cell * layers or made.runs) + 2 * (made.end + 1) + made.note
    assert taken <= width or (width < 40 and made.note == 0), "below that the right end is cut"


def test_a_ruler_has_its_numbers_where_the_columns_are() -> None:
    assert "".join(number_text(number, 1) for number in range(1, 31)) == "········10········20········30"
    assert "".join(number_text(number, 2) for number in range(1, 15)) == "1 2 3 4 5 6 7 8 9 10  12  14"
    assert [number_text(4, 3, "a"), number_text(4, 3), number_text(12, 3)] == ["4a ", " 4 ", "12 "]


def test_runs_keep_the_order_and_count_all() -> None:
    squares = [OK] * 15 + [BAD] * 2 + [OK] * 13
    assert [run.text for run in runs_of(squares)] == ["✓15", "✗2", "✓13"]
    assert runs_of([]) == []
    assert runs_of([None, OK, None]) == runs_of([None, OK])


class Alone(App[None]):
    """The widget alone."""

    CSS_PATH = "../../tui/app/main.tcss"

    def __init__(self, rows: list[GridRow], top: Head) -> None:
        super().__init__()
        self.rows, self.top = rows, top
        self.view = MatrixView(id="matrix")
        self.asked: list[int] = []
        self.register_theme(THEMES[0])
        self.theme = THEMES[0].name

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variables_for(self.current_theme)

    def compose(self) -> ComposeResult:
        yield self.view

    def row(self, number: int) -> GridRow:
        self.asked.append(number)
        return self.rows[number]

    def show(self) -> None:
        self.view.show([str(number) for number in range(len(self.rows))], self.row, self.top)

    def text(self) -> list[str]:
        high = self.view.size.height
        return [self.view.render_line(y).text.rstrip() for y in range(high)]


@asynccontextmanager
async def alone(rows: list[GridRow], top: Head, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Alone]:
    app = Alone(rows, top)
    async with app.run_test(size=size) as pilot:
        app.view.styles.height = size[1]
        app.show()
        app.view.focus()
        await pilot.pause()
        yield app


@pytest.mark.slow
async def test_one_square_that_changes_redraws_one_row() -> None:
    rows = [row(f"linux/p{number}", 30) for number in range(40)]
    async with alone(rows, head(30)) as app:
        assert app.text()[0].startswith("platform")
        drawn = dict(app.view._drawn)
        app.rows[3] = row("linux/p3", 30, bad=16)
        refreshed: list[object] = []
        app.view.refresh = lambda *regions, **more: refreshed.extend(regions)  # type: ignore[assignment,method-assign]
        app.show()
        assert len(refreshed) == 1 and refreshed[0].y == 4 and refreshed[0].height == 1  # type: ignore[attr-defined]
        assert "✗" in app.text()[4] and "✗" not in app.text()[3]
        assert all(app.view._drawn[number] is strip for number, strip in drawn.items() if number != 3)
        assert max(app.asked) < 24, "rows that are not in sight are not asked for"


@pytest.mark.slow
async def test_the_cursor_moves_over_squares_and_over_runs_and_the_head_stays() -> None:
    rows = [row(f"linux/p{number}", 500, bad=100) for number in range(1000)]
    async with alone(rows, head(500)) as app:
        view = app.view
        assert "✓100 ✗1 ✓399" in app.text()[1]
        for _ in range(3):
            view.move("right")
        assert view.column == 2 + 100, "config, then the run before the fault, then the fault"
        assert not view.move("up") and view.move("bottom")
        assert view.row == 999 and app.text()[0].startswith("platform") and "linux/p999" in app.text()[-1]
        view.move("right")
        view.move("right")
        view.move("right")
        assert view.column == 503 and not view.move("right")
        assert len(app.view._drawn) < 100


@pytest.mark.slow
async def test_no_width_breaks_it() -> None:
    rows = [row("linux/" + "x" * 300, 8, bad=2), GridRow("36 more platforms, all whole  (= unfolds)", "label")]
    async with alone(rows, head(8, 306), (40, 6)) as app:
        for width in (1, 5, 12, 20, 33, 40):
            app.view.styles.width = width
            await app.workers.wait_for_complete()
            app.show()
            assert all(len(line) <= 40 for line in app.text())


class Few:
    """A picture of which only the states count."""

    def __init__(self, states: list[Presence]) -> None:
        self.platforms = list(range(len(states)))
        self.states = states

    def state(self, row: int) -> Presence:
        return self.states[row]

    def row(self, row: int) -> object:
        cell = SimpleNamespace(share="a", name="layer 1", node=SimpleNamespace(note=""))
        return SimpleNamespace(layers=(cell,))


def test_what_fits_stays_in_order_and_what_does_not_folds_what_is_well() -> None:
    ok, bad, denied = Presence.PRESENT, Presence.MISSING, Presence.DENIED
    assert order(Few([ok, bad, ok]), 3, unfolded=False) == ([0, 1, 2], [])  # type: ignore[arg-type,comparison-overlap]
    many = Few([ok] * 10 + [denied] + [ok] * 10 + [bad])
    shown, folded = order(many, 8, unfolded=False)  # type: ignore[arg-type]
    assert (shown, len(folded)) == ([21, 10], 20)  # type: ignore[comparison-overlap]
    shown, folded = order(many, 8, unfolded=True)  # type: ignore[arg-type]
    assert (shown[:3], len(shown), folded) == ([21, 10, 0], 22, [])  # type: ignore[comparison-overlap]
    shown, folded = order(Few([ok] * 60), 8, unfolded=False)  # type: ignore[arg-type]
    assert (len(shown), len(folded)) == (7, 53)


def test_nothing_is_said_of_platforms_that_are_folded() -> None:
    picture: Any = Few([Presence.PRESENT] * 4)
    (whole,) = legend(picture, picture.platforms, 80)
    (part,) = legend(picture, picture.platforms[:2], 80)
    assert whole.plain.endswith("same on all platforms") and part.plain.endswith("same on several platforms")


def test_what_is_not_known_of_an_index_is_no_number() -> None:
    rows = [SimpleNamespace(load=Load.FAILED)] * 2
    picture: Any = SimpleNamespace(counts=Counter({Presence.PRESENT: 1, Presence.MISSING: 2}), platforms=rows)
    assert health(picture, False, 80, ascii_only=False).plain.endswith("1 present  2 bad  the rest not known")
    picture.counts[Presence.UNCHECKED] = 3
    assert health(picture, False, 80, ascii_only=False).plain.endswith("2 bad  3+ not checked")


def test_a_row_for_many_says_what_is_known_of_them() -> None:
    def said(*states: Presence) -> str:
        picture: Any = Few([*states])
        return fold_row(picture, picture.platforms, "=").name

    assert said(Presence.PRESENT, Presence.HASHED) == "2 more platforms, all whole  (= unfolds)"
    assert said(Presence.PRESENT, Presence.CHECKING) == "2 more platforms, 1 not checked  (= unfolds)"
    assert said(Presence.PRESENT, Presence.FOREIGN) == "2 more platforms, none known to be broken  (= unfolds)"


def test_a_row_that_stays_has_a_column_that_another_row_brought() -> None:
    screen: Any = SimpleNamespace(images=SimpleNamespace(tick=0), glyphs=None)
    line = SimpleNamespace(platform="linux/amd64")
    same: Any = SimpleNamespace(
        line=line, role="plain", manifest=None, config=None, layers=(), attestations=(), signatures=(), size=None
    )
    made: Any = Picture(screen)
    made.model = SimpleNamespace(row=lambda node: same, state=lambda node: Presence.PRESENT)
    made._shown = ["linux/amd64"]
    made._head = Head("platform", ("mf", "cf"), 0, ("att",), "size", 14)
    assert made._row(0).after == (None,)
    made._head = Head("platform", ("mf", "cf"), 0, ("att", "sig"), "size", 14)
    assert made._row(0).after == (None, None)


def referrers(presence: Presence | None, detail: str = "") -> Cell:
    """What stands for signatures of which none is known."""
    return Cell("signatures", presence, SimpleNamespace(kind=Kind.REFERRERS), detail)  # type: ignore[arg-type]


def signature(presence: Presence) -> Cell:
    return Cell("signature", presence, SimpleNamespace(kind=Kind.REFERRER))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cells", "tagged", "counted", "said"),
    [
        ((), False, "", ""),
        ((referrers(Presence.UNCHECKED),), False, "", "  · not asked for  x asks"),
        ((referrers(Presence.UNCHECKED),), False, "docker.io counts requests", "  · Enter on referrers asks"),
        ((referrers(None),), False, "", "  none attached"),
        ((referrers(None),), True, "", " (not verified)  cosign tag listed"),
        ((), True, "", " (not verified)  cosign tag listed"),
        ((referrers(Presence.DENIED, "You may not."),), False, "", "  ⊘ You may not."),
        ((signature(Presence.PRESENT),) * 2, False, "", " (not verified)  ✓ 2 present"),
        (
            (signature(Presence.PRESENT), signature(Presence.MISSING)),
            False,
            "",
            " (not verified)  ✗ 1 missing  ✓ 1 present",
        ),
        ((signature(Presence.UNCHECKED),), False, "", " (not verified)  · 1 not checked"),
    ],
)
def test_the_signatures_of_the_index_are_one_line_that_claims_no_more_than_was_asked(
    cells: tuple[Cell, ...], tagged: bool, counted: str, said: str
) -> None:
    keys = SimpleNamespace(put_in=lambda text: text.replace("{key:open}", "Enter").replace("{key:check}", "x"))
    node = SimpleNamespace(source=SimpleNamespace(why_ask_first=counted))
    scene: Any = SimpleNamespace(node=node, glyphs=UNICODE, keys=keys)
    lines = index_signatures(cells, tagged, scene)
    assert [line.plain for line in lines] == ([f"index signatures{said}"] if said else [])
    during = index_signatures(cells, tagged, scene, busy=True)
    assert not any("x asks" in line.plain for line in during), "it would stop the check"
    assert len(cells) > 1 or all(len(line.plain) <= 50 for line in lines), "nothing cuts it at 120 columns"

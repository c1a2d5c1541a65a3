"""The film of the README: what is the same is one picture, and no mark loses its colour."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path

import pytest

from screenshots.film import Film, drawn_with, palette
from screenshots.picture import font_folders
from screenshots.record import MOST_BYTES
from tests.support.structure import ROOT

RED, GREEN = (0xF2, 0x70, 0x6D), (0x8E, 0xD6, 0x9C)
SVG = """<svg viewBox="0 0 320 32" xmlns="http://www.w3.org/2000/svg"><rect width="320" height="32" fill="#141A1E"/>
<rect x="{x}" width="2" height="2" fill="#f2706d"/><rect x="9" y="9" width="2" height="2" fill="#8ed69c"/></svg>"""


def test_what_is_the_same_is_one_picture() -> None:
    film = Film()
    film.add("a", 1)
    film.add("a", 2)
    film.add("b", 1)
    film.caption = "x"
    film.add("b", 1)
    assert [(frame.svg, frame.caption, frame.seconds) for frame in film.frames] == [
        ("a", "", 3),
        ("b", "", 1),
        ("b", "x", 1),
    ]


def test_the_colours_that_are_drawn_with_come_first_and_exactly() -> None:
    assert drawn_with([SVG, SVG]) == [(0x14, 0x1A, 0x1E), RED, GREEN]
    crowd = Counter({(0, green, 7): 1000 for green in range(256)} | {(8, 7, 200): 1})
    chosen = palette([RED, GREEN, RED], crowd)
    assert chosen[:2] == [RED, GREEN] and (8, 7, 200) in chosen
    assert 40 < len(chosen) < 60, "near relatives stand for each other"
    many = Counter({(red * 5, green * 5, 0): 1 for red in range(50) for green in range(50)})
    assert len(palette([RED], many)) == 256


def test_few_pixels_of_a_colour_are_still_that_colour(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image", reason="pillow is not installed (the extra dev)")
    pytest.importorskip("resvg_py", reason="resvg-py is not installed (the extra dev)")
    if not font_folders():
        pytest.skip("DejaVu Sans Mono is not installed")
    film = Film()
    film.caption = "⠋ x  check"
    film.add(SVG.format(x=0), 0.5)
    film.add(SVG.format(x=20), 1.25)
    size = film.save(tmp_path / "film.gif", zoom=1)
    with image.open(io.BytesIO((tmp_path / "film.gif").read_bytes())) as made:
        assert made.n_frames == 2 and size < 20_000
        for frame, seconds in enumerate((500, 1250)):
            made.seek(frame)
            assert made.info["duration"] == seconds
            shown = made.convert("RGB")
            assert shown.getpixel((20 * frame, 0)) == RED and shown.getpixel((9, 9)) == GREEN


def test_the_film_of_the_readme_is_small_and_moves() -> None:
    film = ROOT / "screenshots" / "demo.gif"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "(screenshots/demo.gif)" in readme.split("\n## ")[0], "it stands above the first heading"
    assert film.stat().st_size < MOST_BYTES
    image = pytest.importorskip("PIL.Image", reason="pillow is not installed (the extra dev)")
    with image.open(film) as made:
        assert made.n_frames > 10 and made.info["loop"] == 0

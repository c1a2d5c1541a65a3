"""The pictures of the README and of the pages are there, made by the script. What the texts say: test_docs.py."""

from __future__ import annotations

import re
from pathlib import Path

from screenshots.make import COMPOSED
from screenshots.pages import PAGES
from screenshots.record import FILM
from screenshots.scenes import SCENES

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "screenshots"


def _referenced() -> set[Path]:
    """Every picture, or folder of pictures, of ours that the README or a page of docs/ names."""
    found: set[Path] = set()
    for page in (ROOT / "README.md", *ROOT.glob("docs/**/*.md")):
        for target in re.findall(r"\]\(([^)\s#]+)\)", page.read_text(encoding="utf-8")):
            path = (page.parent / target).resolve()
            if PICTURES in path.parents:
                found.add(path)
    return found


def _made() -> set[str]:
    """The names below screenshots/ that the scripts write; of a tour its folder."""
    tours = {name.rpartition("-")[0] for name in (scene.name for scene in SCENES if scene.tour)}
    single = {scene.name for scene in SCENES if not scene.tour} | set(COMPOSED)
    return {f"{name}.{kind}" for name in single for kind in ("png", "svg")} | tours | {FILM.name}


def test_every_picture_that_a_page_names_is_there_and_made_by_the_script() -> None:
    pictures = _referenced()
    assert len(pictures) > 5
    assert not [path for path in pictures if not path.exists()], "run: python -m screenshots.make"
    assert not {path.relative_to(PICTURES).parts[0] for path in pictures} - _made()


def test_no_picture_is_left_that_nothing_makes() -> None:
    kept = {path.name for path in PICTURES.iterdir() if path.suffix in (".png", ".svg", ".gif")}
    assert not kept - _made()


def test_every_page_can_be_drawn_by_its_name() -> None:
    names = [scene.name for scene in PAGES]
    assert len(set(names)) == len(names) > 30
    drawn = {
        "start",
        "tree",
        "matrix",
        "layers",
        "tags",
        "config",
        "json",
        "requests",
        "findings",
        "diff",
        "draft",
        "plan",
    }
    assert drawn | {"push", "fixed", "delete", "copy-menu", "help", "glossary", "palette", "lesson", "quit"} <= {*names}

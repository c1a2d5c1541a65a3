"""Sphinx's settings. `sphinx-build -n -W docs build/docs` makes the site, which opens from the disk."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from docs import reference  # noqa: E402
from tui import __version__  # noqa: E402
from tui.app.theme import DARK, LIGHT  # noqa: E402

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from textual.theme import Theme

project = "fanfold"
author = "the fanfold founders"
project_copyright = author
version = release = __version__

extensions = ["myst_parser"]
#: An option has two dashes, and no other.
smartquotes = False
exclude_patterns = ["_static"]
#: So deep headings have anchors, which links are checked against.
myst_heading_anchors = 3
#: Nobody's server is asked whether a link leads somewhere; those inside the repository are checked by every build.
linkcheck_ignore = [r"https?://"]

html_theme = "furo"
html_title = f"fanfold {version}"
html_favicon = "../tui/web/page/icon.svg"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
#: The search would fetch each page for it, which no browser allows a page from the disk.
html_show_search_summary = False


def _colours(theme: Theme) -> dict[str, str]:
    """furo's names for the program's own colours."""
    return {
        "color-brand-primary": str(theme.primary),
        "color-brand-content": str(theme.primary),
        "color-brand-visited": str(theme.primary),
        "color-background-primary": str(theme.surface),
        "color-background-secondary": str(theme.background),
        "color-foreground-primary": str(theme.foreground),
        "color-bar": theme.variables["bar"],
    }


html_theme_options = {"light_css_variables": _colours(LIGHT), "dark_css_variables": _colours(DARK)}


def _fill(app: Sphinx, name: str, source: list[str]) -> None:
    source[0] = reference.filled(source[0])


def _filled_pages(app: Sphinx, env: BuildEnvironment, *changes: set[str]) -> list[str]:
    """The pages with parts: what they are made of may have changed, though the page did not."""
    return [name for name in env.found_docs if reference.placed(Path(env.doc2path(name)).read_text(encoding="utf-8"))]


def setup(app: Sphinx) -> None:
    """Put in what is made of the program's tables."""
    app.connect("source-read", _fill)
    app.connect("env-get-outdated", _filled_pages)

"""A picture of the screen that asks nobody for anything when it is opened."""

from __future__ import annotations

import re

_WEB_FONTS = re.compile(r"@font-face\s*\{[^}]*\}\s*")


def without_web_fonts(svg: str) -> str:
    """Textual's and Rich's pictures load their font from another host; without it they take a monospaced one."""
    return _WEB_FONTS.sub("", svg)

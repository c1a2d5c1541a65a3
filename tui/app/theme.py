"""Two themes of our own, after fanfold paper: a dark one and a light one. Everything else uses their variables."""

from __future__ import annotations

from collections.abc import Collection

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter
from textual.theme import Theme

from tui.text import ASCII_SYMBOLS, safe

DARK = Theme(
    name="fanfold-dark",
    primary="#5ab8a8",
    secondary="#7d9cc0",
    accent="#e3b566",
    success="#84c972",
    warning="#e3b566",
    error="#ef6f6c",
    foreground="#d5dde3",
    background="#0f1417",
    surface="#141a1e",
    panel="#1e272d",
    dark=True,
    variables={
        "block-cursor-background": "#2b4a4a",
        "block-cursor-foreground": "#f2f7f7",
        "block-cursor-text-style": "bold",
        "block-cursor-blurred-background": "#212c31",
        "block-cursor-blurred-foreground": "#d5dde3",
        "block-hover-background": "#1a2328",
        "border": "#5ab8a8",
        "border-blurred": "#35434a",
        "scrollbar": "#2b3a40",
        "scrollbar-hover": "#40555d",
        "scrollbar-active": "#5ab8a8",
        "scrollbar-background": "#141a1e",
        "scrollbar-corner-color": "#141a1e",
    },
)

LIGHT = Theme(
    name="fanfold-light",
    primary="#0d6f64",
    secondary="#35608c",
    accent="#8a5a00",
    success="#23701a",
    warning="#8a5a00",
    error="#b0241c",
    foreground="#1b2421",
    background="#f7f9f4",
    surface="#fcfdfb",
    panel="#e6ede1",
    dark=False,
    variables={
        "block-cursor-background": "#cfe5d6",
        "block-cursor-foreground": "#0b1512",
        "block-cursor-text-style": "bold",
        "block-cursor-blurred-background": "#e6ede1",
        "block-cursor-blurred-foreground": "#1b2421",
        "block-hover-background": "#eff4ec",
        "border": "#0d6f64",
        "border-blurred": "#b9c6b8",
        "scrollbar": "#c6d3c4",
        "scrollbar-hover": "#a4b6a3",
        "scrollbar-active": "#0d6f64",
        "scrollbar-background": "#f2f6ef",
        "scrollbar-corner-color": "#f2f6ef",
    },
)

#: What a configuration may say besides the names of themes.
_OWN_WORDS = {"dark": DARK.name, "light": LIGHT.name}


def chosen_theme(configured: str, environment: str, known: Collection[str]) -> tuple[str, str]:
    """Which theme to begin with, and what to say when the one that was asked for does not exist ("" when it does). The
    environment's (`TEXTUAL_THEME`) counts where the configuration says `auto`."""
    own = configured not in ("auto", "")
    wanted = configured if own else environment or "dark"
    name = _OWN_WORDS.get(wanted, wanted)
    if name in known:
        return name, ""
    where = "theme" if own else "TEXTUAL_THEME"
    names = ", ".join(("auto", *_OWN_WORDS, *sorted(known)))
    return DARK.name, f"{where}: there is no theme “{safe(wanted, limit=60)}”, so it is dark. There are: {names}."


#: What `--ascii` draws instead. Letters of names and values are left alone: only our own drawing is replaced.
_PLAIN = str.maketrans(
    {
        # Whole blocks first, so that no widget of Textual's finds a line that was not thought of: crossings, shades,
        # shapes, and the dots of spinners. Then what looks better as something else.
        **{chr(code): "+" for code in range(0x2500, 0x2580)},
        **{chr(code): " " for code in range(0x2580, 0x25A0)},
        **{chr(code): "*" for code in range(0x25A0, 0x2600)},
        **{chr(code): "|" for code in range(0x2800, 0x2900)},
        **dict.fromkeys("─━═╌┄╍┅┈┉╴╶╸╺╼╾", "-"),
        **dict.fromkeys("│┃║▏▎▍▌▐╎┆╏┇┊┋╵╷╹╻╽╿▕▊▋▉", "|"),
        **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯┏┓┗┛╔╗╚╝┣┫", "+"),
        **dict.fromkeys("▁▂▃▄▅▆▇█▀▔", " "),
        **ASCII_SYMBOLS,
        "…": "~",
        "→": ">",
        "←": "<",
        "↑": "^",
        "↓": "v",
        "•": "*",
        "●": "*",
        "○": "o",
        "▸": ">",
        "▾": "v",
        "▶": ">",
        "▼": "v",
        "⠋": "|",
        "“": '"',
        "”": '"',
        "‘": "'",
        "’": "'",
        "–": "-",
        "—": "-",
        "×": "x",
        "⚠": "!",
        "⏎": "<",
    }
)


class PlainDrawing(LineFilter):
    """Replaces line-drawing and symbol characters in whatever is drawn, widgets of Textual's own included."""

    def apply(self, segments: list[object], background: Color) -> list[object]:  # type: ignore[override]
        """The same segments, in ASCII as far as the drawing goes."""
        plain = []
        for segment in segments:
            assert isinstance(segment, Segment)
            text = segment.text
            plain.append(segment if text.isascii() else Segment(text.translate(_PLAIN), segment.style, segment.control))
        return list(plain)

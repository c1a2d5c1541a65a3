"""Themes of our own, after fanfold paper with its green bars: a dark one, a light one, and one of the terminal's own
colours. A colour names a meaning and no widget; everything else uses their variables."""

from __future__ import annotations

from collections.abc import Collection

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter
from textual.theme import Theme

from tui.app.styled_text import Role
from tui.text import ASCII_SYMBOLS, safe

#: Tints for layers that several platforms share. Seen in grey they are all one: a letter always stands with them.
SHARES = "abcdef"


def tint(letter: str) -> Role:
    """The role of a layer that several platforms share, by its letter from `a` to `z`."""
    return f"share-{SHARES[(ord(letter) - ord('a')) % len(SHARES)]}"  # type: ignore[return-value]


DARK = Theme(
    name="fanfold-dark",
    primary="#5ab8a8",
    secondary="#8db4e8",
    accent="#5ab8a8",
    success="#8ed69c",
    warning="#e8b65a",
    error="#f2706d",
    foreground="#d5dde3",
    background="#0f1417",
    surface="#141a1e",
    panel="#1e272d",
    dark=True,
    variables={
        "bar": "#172420",
        "heading": "#f2f7f7",
        "dim": "#8f9ca5",
        "hashed": "#a6e3b4",
        "unknown": "#a79fc4",
        "here-fault": "#b02a2a",
        "fault": "#ffffff",
        "fault-ground": "#c23b3b",
        "doubt": "#ffffff",
        "doubt-ground": "#7a5a12",
        "added-ground": "#1c3a26",
        "removed-ground": "#47201f",
        "share-a": "#234a5c",
        "share-b": "#4a3a5e",
        "share-c": "#5a4420",
        "share-d": "#2f4f2f",
        "share-e": "#5a2f48",
        "share-f": "#3a4460",
        "block-cursor-background": "#1c3334",
        "block-cursor-foreground": "#f2f7f7",
        "block-cursor-text-style": "bold",
        "block-cursor-blurred-background": "#1b2529",
        "block-cursor-blurred-foreground": "#d5dde3",
        "block-hover-background": "#1a2328",
        "border": "#5ab8a8",
        "border-blurred": "#46545c",
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
    secondary="#2a5a9a",
    accent="#0d6f64",
    success="#256b34",
    warning="#7d5700",
    error="#a3120f",
    foreground="#1b2421",
    background="#f7f9f4",
    surface="#fcfdfb",
    panel="#e6ede1",
    dark=False,
    variables={
        "bar": "#eff6ee",
        "heading": "#0b1512",
        "dim": "#586560",
        "hashed": "#0b4f2a",
        "unknown": "#62568c",
        "here-fault": "#ff9a94",
        "fault": "#ffffff",
        "fault-ground": "#b3201c",
        "doubt": "#3d2700",
        "doubt-ground": "#f0d79a",
        "added-ground": "#dcefdc",
        "removed-ground": "#fbe0dd",
        "share-a": "#cfe6f2",
        "share-b": "#e6dcf4",
        "share-c": "#f5e6c4",
        "share-d": "#d8ecd2",
        "share-e": "#f6dbe8",
        "share-f": "#dde3f5",
        "block-cursor-background": "#dcece0",
        "block-cursor-foreground": "#0b1512",
        "block-cursor-text-style": "bold",
        "block-cursor-blurred-background": "#e6ede1",
        "block-cursor-blurred-foreground": "#1b2421",
        "block-hover-background": "#eff4ec",
        "border": "#0d6f64",
        "border-blurred": "#a9b7aa",
        "scrollbar": "#c6d3c4",
        "scrollbar-hover": "#a4b6a3",
        "scrollbar-active": "#0d6f64",
        "scrollbar-background": "#f2f6ef",
        "scrollbar-corner-color": "#f2f6ef",
    },
)

#: The sixteen colours of the terminal, whatever its owner made of them. What is filled is drawn reversed (main.tcss).
ANSI = Theme(
    name="fanfold-ansi",
    ansi=True,
    primary="ansi_cyan",
    secondary="ansi_bright_blue",
    accent="ansi_cyan",
    success="ansi_green",
    warning="ansi_yellow",
    error="ansi_bright_red",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    dark=True,
    variables={
        "ansi-background": "ansi_black",
        "ansi-foreground": "ansi_white",
        "border": "ansi_cyan",
        "border-blurred": "ansi_bright_black",
        "hashed": "ansi_bright_green",
        "unknown": "ansi_magenta",
        # Reversed, and not a ground of its own: roles of the terminal's default colour stay legible on it.
        "block-cursor-foreground": "ansi_default",
        "block-cursor-background": "ansi_default",
        "block-cursor-text-style": "bold reverse",
        "block-cursor-blurred-foreground": "ansi_default",
        "block-cursor-blurred-background": "ansi_default",
        "block-cursor-blurred-text-style": "underline",
        "input-cursor-background": "ansi_black",
        "input-cursor-foreground": "ansi_bright_white",
        "input-cursor-text-style": "reverse",
        "input-selection-background": "ansi_bright_blue",
        "input-selection-foreground": "ansi_black",
        "screen-selection-background": "ansi_bright_blue",
        "screen-selection-foreground": "ansi_black",
        "scrollbar": "ansi_blue",
    },
)

THEMES = (DARK, LIGHT, ANSI)


def variables_for(theme: Theme) -> dict[str, str]:
    """Our own variables for a theme that does not name them: made of its foreground, background and three hues, or of
    the terminal's sixteen colours."""
    if theme.ansi:
        plain = dict.fromkeys(("dim", "heading", "bar", *(f"share-{letter}" for letter in SHARES)), "ansi_default")
        grounds = dict.fromkeys(("added-ground", "removed-ground", "fault-ground", "doubt-ground"), "ansi_default")
        error, warning = theme.error or "ansi_bright_red", theme.warning or "ansi_yellow"
        own = {
            "hashed": "ansi_bright_green",
            "unknown": "ansi_magenta",
            "here-fault": error,
            "fault": error,
            "doubt": warning,
        }
        return {**plain, **grounds, **own}
    colours = theme.to_color_system().generate()
    ground, words = Color.parse(colours["surface"]), Color.parse(colours["foreground"])
    good, doubt, fault = (Color.parse(colours[name]) for name in ("success", "warning", "error"))
    tints = ("#3f9fca", "#9b7fd0", "#cf9a3a", "#6aae5e", "#cf6f9f", "#7f92c8")
    blends = [ground.blend(Color.parse(hue), 0.25).hex for hue in tints]
    shares = {f"share-{letter}": blend for letter, blend in zip(SHARES, blends, strict=True)}
    return {
        "bar": ground.blend(good, 0.06).hex,
        "heading": words.hex,
        "dim": words.blend(ground, 0.36).hex,
        "hashed": good.hex,
        "unknown": Color.parse(colours["secondary"]).hex,
        "here-fault": ground.hex,
        "fault": fault.get_contrast_text(1).hex,
        "fault-ground": fault.hex,
        "doubt": doubt.get_contrast_text(1).hex,
        "doubt-ground": doubt.hex,
        "added-ground": ground.blend(good, 0.2).hex,
        "removed-ground": ground.blend(fault, 0.2).hex,
        **shares,
    }


#: What a configuration may say besides the names of themes.
_OWN_WORDS = {"dark": DARK.name, "light": LIGHT.name, "ansi": ANSI.name}


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
    return DARK.name, f"{where}: unknown theme “{safe(wanted, limit=60)}”, using dark. Themes: {names}."


def following_theme(current: str, first: str) -> str:
    """The theme after this one: dark, light, and the one that the program began with where it is neither."""
    themes = list(dict.fromkeys((DARK.name, LIGHT.name, first)))
    if current in themes:
        return themes[(themes.index(current) + 1) % len(themes)]
    return themes[0]


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

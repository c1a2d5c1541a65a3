"""Making any foreign string safe and short: control characters, bidi tricks, sizes, ages.

Everything that a registry, a file or a header says is somebody else's text. A terminal obeys escape bytes inside it,
and bidi controls make it read as something else, so it passes through `safe` once, where it is decoded for display.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache

_ELLIPSIS = "…"
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"})
# Characters that draw nothing although their category is a letter or a mark: fillers, joiners, variation selectors.
_HIDDEN_RANGES = (
    (0x034F, 0x034F),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
    (0xE0100, 0xE01EF),
)


@lru_cache(maxsize=4096)
def _shown(char: str) -> str:
    """One character as it may be shown: itself, or a visible escape such as `\\x1b`."""
    code = ord(char)
    hidden = unicodedata.category(char) in _HIDDEN_CATEGORIES or any(a <= code <= b for a, b in _HIDDEN_RANGES)
    if not hidden:
        return char
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


_KEY = re.compile(r"\{key:([a-z0-9-]+)\}")

#: The usual keys of the actions that a text outside the screen (a report) may name.
USUAL_KEYS = {"delete": "D", "fix": "F", "json": "v", "recreate": "R"}


def with_keys(text: str, key_of: Callable[[str], str | None] = USUAL_KEYS.get) -> str:
    """A text of ours with the key of an action in place of each `{key:ACTION}`; where `key_of` knows no such action
    (foreign text may hold anything) the text stays as it is."""

    def key(found: re.Match[str]) -> str:
        shown = key_of(found[1])
        return found[0] if shown is None else shown

    return _KEY.sub(key, text)


def safe(text: str, *, limit: int = 4096, multiline: bool = False) -> str:
    """Foreign text that a terminal can show and cannot obey.

    Control characters (C0, DEL, C1), lone surrogates, bidi and other invisible characters become visible escapes.
    The result has at most `limit` characters and ends in `…` when something was cut. With `multiline` line feeds
    are kept (CR LF counts as one) and tabs become four spaces. Applying it twice changes nothing.
    """
    cut = len(text) > limit
    if cut:
        text = text[:limit]  # escapes only ever lengthen: what is beyond the limit cannot matter
    if not (text.isascii() and text.isprintable()):
        if multiline:
            lines = text.replace("\r\n", "\n").split("\n")
            text = "\n".join("".join(map(_shown, line.replace("\t", "    "))) for line in lines)
        else:
            text = "".join(map(_shown, text))
    if len(text) > limit or cut:
        # An already cut text ends in the ellipsis and is exactly as long as the limit: it comes back as it is.
        text = text[: max(limit - 1, 0)] + _ELLIPSIS if limit > 0 else ""
    return text


#: A user name with a password, or a token alone, before a host; and not the name and tag before a digest.
_LOGIN = re.compile(
    r"""(?<![^\s“”"'(=])((?:[a-z][a-z0-9+.-]*:/*)?)"""
    r"""(?:[^\s“”"'/@:]+:(?!\d+/)[^\s“”"']*|[^\s“”"'/@:]+(?=@[^\s“”"'@]*[/.]))@(?!(?:sha\d+|md5|blake\d*):)""",
    re.IGNORECASE,
)


def without_login(text: str) -> str:
    """A text that may quote what somebody typed, with `…@` for every `user:password@` in it."""
    return _LOGIN.sub(r"\1…@", text) if "@" in text else text


#: What stands for our symbols, each one cell wide, where only ASCII can be shown.
ASCII_SYMBOLS = {"✓": "+", "✗": "X", "⊘": "%", "◔": "~", "≠": "!", "↗": "^", "·": "."}
_PLAIN = str.maketrans({**ASCII_SYMBOLS, "…": "...", "“": '"', "”": '"', "→": "->", "–": "-"})


def to_ascii(text: str) -> str:
    """Our own text for a terminal that knows ASCII only: quotes, ellipses and marks get stand-ins, the rest escapes."""
    return text.translate(_PLAIN).encode("ascii", "backslashreplace").decode("ascii")


def size(count: int | None) -> str:
    """Bytes in decimal units as people read them: `735 B`, `5.6 MB`; nothing for None."""
    if count is None:
        return ""
    if abs(count) < 1000:
        return f"{count} B"
    from humanize import naturalsize  # late: costs time that `--version` and the first frame should not pay

    return naturalsize(count)


def age(moment: datetime | None, now: datetime | None = None) -> str:
    """How long ago, in words: `3 days ago`. A moment without a zone counts as UTC.

    Builders that want the same bytes each time write year 1, or 1970, or 1980 instead of a date: such a moment is
    shown as the date that it is, because "56 years ago" would be nonsense.
    """
    if moment is None:
        return ""
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    if moment.year <= 1980:
        return moment.date().isoformat()
    now = now or datetime.now(UTC)
    now = now.replace(tzinfo=UTC) if now.tzinfo is None else now
    seconds = (now - moment).total_seconds()
    count, _, noun = _how_long(abs(seconds))
    return f"{plural(count, noun)} {'ago' if seconds >= 0 else 'from now'}"


def brief_age(moment: datetime | None, now: datetime) -> str:
    """The same in at most seven cells, for a column: `8 min`, `3 d`, `11 mo`; of year 1, 1970 and such, and of what is
    still to come, the year or the month that it says. `now` has a zone."""
    if moment is None:
        return ""
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    if moment.year <= 1980:
        return f"{moment.year:04}"
    seconds = (now - moment).total_seconds()
    if seconds < -60:
        return f"{moment.year:04}-{moment.month:02}"
    count, unit, _ = _how_long(max(0, seconds))
    return f"{count} {unit}"


def _how_long(seconds: float) -> tuple[int, str, str]:
    """How many whole units, the unit for a column and its noun."""
    unit, noun, length, _ = next(each for each in _UNITS if seconds < each[2] * each[3])
    return int(seconds // length), unit, noun


_YEAR = 365.25 * 86400
#: Unit, noun, seconds, and of how many a larger one is used.
_UNITS = (
    ("s", "second", 1, 60),
    ("min", "minute", 60, 60),
    ("h", "hour", 3600, 24),
    ("d", "day", 86400, 14),
    ("w", "week", 7 * 86400, 9),
    ("mo", "month", _YEAR / 12, 24),
    ("y", "year", _YEAR, math.inf),
)


@lru_cache(maxsize=4096)
def _cells(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


def width(text: str) -> int:
    """How many terminal cells a safe text takes."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def shorten(text: str, cells: int) -> str:
    """The text in at most `cells` terminal cells.

    A digest or another single long word loses its middle, because its ends tell it apart; a sentence loses its end.
    """
    if width(text) <= cells:
        return text
    if cells <= 1:
        return _ELLIPSIS if cells == 1 else ""
    room = cells - 1
    if " " in text.strip():
        return _take(text, room).rstrip() + _ELLIPSIS
    tail = _take(text[::-1], room // 2)[::-1]
    return _take(text, room - width(tail)) + _ELLIPSIS + tail


def cut(text: str, cells: int, measure: Callable[[str], int] = width) -> str:
    """The beginning of a text in at most `cells` terminal cells, with an ellipsis when something was left out.

    `measure` counts cells as whoever draws it does.
    """
    if cells <= 0:
        return ""
    if (len(text) if text.isascii() else measure(text)) <= cells:
        return text
    kept, used = "", 0
    for character in text:
        used += measure(character)
        if used > cells - 1:
            break
        kept += character
    return kept + _ELLIPSIS


def _take(text: str, cells: int) -> str:
    used = 0
    for position, char in enumerate(text):
        used += _cells(char)
        if used > cells:
            return text[:position]
    return text


def apart(texts: Sequence[str], cells: int) -> list[str]:
    """The texts, each in at most `cells` terminal cells where that is possible by leaving out, if one is too long, the
    words that they all begin with: what differs is what is to be read."""
    if len(set(texts)) < 2 or all(width(text) <= cells for text in texts):
        return [cut(text, cells) for text in texts]
    first, last = min(texts), max(texts)
    common = first[
        : next((at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    ]
    kept = max((common.rfind(mark) + 1 for mark in " /:@-_."), default=0)
    return [cut(f"{_ELLIPSIS}{text[kept:]}" if kept > 1 else text, cells) for text in texts]


def plural(count: int, noun: str, plural: str | None = None) -> str:
    """A count with its noun: `1 layer`, `2 layers`, `3 indexes` when the plural is given."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def capital(text: str) -> str:
    """The text with its first letter large, as the beginning of a sentence; the rest stays as it is."""
    return text[:1].upper() + text[1:]


def duration(seconds: float) -> str:
    """A length of time: `0.4 s`, `12 s`, `1 min 20 s`, `2 h 5 min`."""
    if seconds < 9.95:
        return f"{max(seconds, 0):.1f} s" if seconds > 0 else "0 s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if minutes else f"{hours:,} h"

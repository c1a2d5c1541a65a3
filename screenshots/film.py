"""A film of the screen: frames with how long each is shown, and the GIF that they become.

A GIF has 256 colours. Left to themselves, programs choose those that cover most of the picture, and the few red and
green marks that it is about turn grey: here the colours that the screen really draws with come first, exactly, then
what lies between them at the edges of letters, the most frequent first.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from screenshots.picture import draw, font_folders

if TYPE_CHECKING:
    from PIL.Image import Image

Colour = tuple[int, int, int]

_COLOURS = 256
#: Colours that differ by less than this in every part are one.
_NEAR = 5
#: DejaVu Sans Mono has no Braille, in which spinners turn; these turn, too.
_TURNS = {ord(char): "▘▝▗▖"[number % 4] for number, char in enumerate("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")}
_STRIP = 34


@dataclass
class Frame:
    """What is shown for so many seconds; the caption stands below the screen."""

    svg: str
    caption: str
    seconds: float


class Film:
    """Frames in their order; what does not change is one frame."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.caption = ""

    def add(self, svg: str, seconds: float) -> None:
        """Show this picture for so long, longer if it is shown already."""
        last = self.frames[-1] if self.frames else None
        if last is not None and (last.svg, last.caption) == (svg, self.caption):
            last.seconds += seconds
        else:
            self.frames.append(Frame(svg, self.caption, seconds))

    def save(self, target: Path, *, zoom: float) -> int:
        """Write the GIF, which begins again at its end; how many bytes it has."""
        from PIL import Image

        pictures = [_captioned(Image.open(io.BytesIO(draw(frame.svg.translate(_TURNS), zoom=zoom))), frame.caption)
                    for frame in self.frames]  # fmt: skip
        chosen = palette(drawn_with(frame.svg for frame in self.frames), histogram(pictures))
        holder = Image.new("P", (1, 1))
        holder.putpalette([part for colour in chosen for part in colour])
        indexed = [picture.quantize(palette=holder, dither=Image.Dither.NONE) for picture in pictures]
        indexed[0].save(
            target,
            save_all=True,
            append_images=indexed[1:],
            duration=[round(frame.seconds * 100) * 10 for frame in self.frames],
            loop=0,
            optimize=False,
        )
        return target.stat().st_size


def drawn_with(pictures: Iterable[str]) -> list[Colour]:
    """The colours that are named in these SVGs, each once, the most frequent first."""
    named = Counter(colour.lower() for svg in pictures for colour in re.findall(r"#([0-9a-fA-F]{6})\b", svg))
    return [_colour(text) for text, _ in named.most_common()]


def histogram(pictures: Iterable[Image]) -> Counter[Colour]:
    """How many pixels have which colour."""
    counted: Counter[Colour] = Counter()
    for picture in pictures:
        for count, colour in picture.getcolors(picture.width * picture.height) or []:
            assert isinstance(colour, tuple)
            counted[colour[0], colour[1], colour[2]] += count
    return counted


def palette(first: Sequence[Colour], others: Counter[Colour]) -> list[Colour]:
    """At most 256 colours: the first ones exactly, then of the others those that are no near relatives."""
    chosen = list(dict.fromkeys(first))[:_COLOURS]
    for colour, _ in others.most_common():
        if len(chosen) == _COLOURS:
            break
        if not any(all(abs(a - b) < _NEAR for a, b in zip(colour, one, strict=True)) for one in chosen):
            chosen.append(colour)
    return chosen


def _captioned(picture: Image, words: str) -> Image:
    """The picture on its own ground, with words below it."""
    from PIL import Image, ImageDraw, ImageFont

    ground, ink = _colour("0f1417"), _colour("5ab8a8")
    whole = Image.new("RGB", (picture.width, picture.height + _STRIP), ground)
    whole.paste(picture, (0, 0), picture.convert("RGBA"))
    font = next(Path(folder, "DejaVuSansMono-Bold.ttf") for folder in font_folders())
    ImageDraw.Draw(whole).text((16, picture.height + 4), words, ink, ImageFont.truetype(str(font), 18))
    return whole


def _colour(text: str) -> Colour:
    return int(text[:2], 16), int(text[2:4], 16), int(text[4:], 16)

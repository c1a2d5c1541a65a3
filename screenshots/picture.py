"""From the SVG that Textual and Rich export to a PNG that looks the same on a machine with one monospaced font.

resvg knows no web fonts, and Rich's SVG counts on one: its cells are 12.2 px wide. DejaVu Sans Mono advances 0.602 em,
so at 20.266 px its characters fill the same cells.
"""

from __future__ import annotations

import re
from pathlib import Path

from tui.app.svg import without_web_fonts

FAMILY = "DejaVu Sans Mono"
_FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts")


def font_folders() -> list[str]:
    """The folders of this machine that hold DejaVu Sans Mono."""
    found = {str(file.parent) for folder in _FONT_FOLDERS for file in Path(folder).glob("**/DejaVuSansMono*.ttf")}
    return sorted(found)


def to_png(svg: str, target: Path, *, zoom: float = 1.0) -> None:
    """Draw `svg` into the file `target`. Raises RuntimeError when the font is absent: without it there is no text."""
    target.write_bytes(draw(svg, zoom=zoom))


def draw(svg: str, *, zoom: float = 1.0) -> bytes:
    """The PNG of `svg`. Raises RuntimeError when the font is absent."""
    import resvg_py

    folders = font_folders()
    if not folders:
        raise RuntimeError(f"{FAMILY} is not installed; install it (Debian: fonts-dejavu-core) to make the PNGs.")
    drawable = re.sub(r'\stextLength="[^"]*"', "", without_web_fonts(svg))
    drawable = re.sub(r"font-family:\s*[^;]+;", f"font-family: {FAMILY};", drawable)
    drawable = drawable.replace("font-size: 20px", "font-size: 20.266px")
    made = resvg_py.svg_to_bytes(
        svg_string=drawable, font_dirs=folders, monospace_family=FAMILY, zoom=zoom, skip_system_fonts=True
    )
    return bytes(made)


def grid(pictures: list[str], *, columns: int = 2) -> str:
    """One SVG of several, side by side and below one another; each cell is as large as the largest of them."""
    sizes = [_size(one) for one in pictures]
    wide, high = (max(side) for side in zip(*sizes, strict=True))
    placed = []
    for number, (one, (width, height)) in enumerate(zip(pictures, sizes, strict=True)):
        row, column = divmod(number, columns)
        place = f'x="{column * wide:g}" y="{row * high:g}" width="{width:g}" height="{height:g}"'
        placed.append(one.strip().replace("<svg ", f"<svg {place} ", 1))
    size = f"{columns * wide:g} {-(-len(pictures) // columns) * high:g}"
    return f'<svg viewBox="0 0 {size}" xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(placed) + "\n</svg>\n"


def _size(svg: str) -> tuple[float, float]:
    """Width and height of an SVG, from its viewBox."""
    found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    if found is None:
        raise RuntimeError("A picture does not say how large it is (no viewBox).")
    return float(found[1]), float(found[2])

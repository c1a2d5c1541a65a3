"""The Layers tab: bars of size with the Dockerfile line beside each, whole digests below, and which platforms share
what; of an index a bar for each platform, and what is stored once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tui.app.pages.parts import Scene, asked, blank, heading, page
from tui.app.pages.summary import nothing
from tui.app.styled_text import Line, Lines, Role, Target, cut
from tui.app.theme import tint
from tui.explore.matrix import letters_of
from tui.explore.node import Kind, Node
from tui.explore.objects import image_parts, image_size
from tui.oci import media
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.sources.presence import UNCHECKED, Presence
from tui.text import plural, safe, size
from tui.text import width as width_of

#: So many platforms of an index have a bar; of more than a few the broken ones come first.
_MOST_BARS, _FEW_BARS = 100, 12
_GONE = (Presence.MISSING, Presence.MISMATCHED)
_EIGHTHS = " ▏▎▍▌▋▊▉"


def bar(amount: int, most: int, cells: int, *, ascii_only: bool) -> str:
    """A bar of at most so many cells, to an eighth of one; what is not nothing is seen."""
    if amount <= 0 or most <= 0 or cells <= 0:
        return ""
    eighths = max(1, amount * cells * 8 // most)
    if ascii_only:
        return "=" * max(1, eighths // 8)
    return "█" * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")


def layers(scene: Scene) -> Lines:
    """The layers of the image that the row is, or is in."""
    image = scene.node.image()
    if image is None:
        return nothing("Only images have layers. Select a tag or a platform.")
    if image.is_index:
        return _of_index(scene, image)
    manifest = image.image_manifest
    if manifest is None:
        return nothing(scene.keys.put_in("Manifest not loaded. {key:open} loads it."))
    what = "statement" if image.kind is Kind.ATTESTATION else "layer"
    total = f"{size(image_size(manifest))} in {image_parts(manifest, what)}"
    siblings = _platforms(image.parent) if image.parent is not None and image.parent.is_index else []
    users = _users(siblings)
    lines = [Line().put(image.label, "title").put(f"  {total}", "dim"), blank(), *_steps(scene, image, siblings)]
    mine = {layer.digest: layer.size for layer in manifest.layers}
    if once := sum(mine[digest] for digest in mine if len(users.get(digest, ())) > 1):
        lines += [blank(), Line().put(f"{size(once)} of it shared with other platforms", "dim")]
    return page([*lines, *_digests(scene, image, users)])


def _platforms(index: Node) -> list[Node]:
    return [row for row in index.children if row.kind is Kind.MANIFEST]


def _users(platforms: Sequence[Node]) -> dict[Digest, list[Node]]:
    """For each layer the platforms that have it, as far as they were read."""
    found: dict[Digest, list[Node]] = {}
    for platform in platforms:
        if platform.image_manifest is not None:
            for digest in dict.fromkeys(layer.digest for layer in platform.image_manifest.layers):
                found.setdefault(digest, []).append(platform)
    return found


def _rows(image: Node) -> dict[int | None, Node]:
    """The rows of an image's layers, or of an attestation's statements, by their place."""
    return {child.position: child for child in image.children if child.kind in (Kind.LAYER, Kind.STATEMENT)}


def _commands(image: Node) -> Sequence[str | None]:
    """The line of the Dockerfile that made each layer; None where the config does not tell it."""
    count = len(image.image_manifest.layers) if image.image_manifest is not None else 0
    return image.config.commands(count) if image.config else (None,) * count


def _steps(scene: Scene, image: Node, siblings: Sequence[Node]) -> list[Line]:
    """A line for each layer of an image that was read: its bar, and what made it."""
    assert image.image_manifest is not None
    rows, commands, found = _rows(image), _commands(image), image.image_manifest.layers
    letters = letters_of(siblings)
    most = max((layer.size for layer in found), default=0)
    lines = []
    for number, layer in enumerate(found):
        row = rows.get(number)
        words = commands[number] or (row.note if row is not None else "")
        lines.append(_bar_line(scene, number, layer, words, letters.get(layer.digest, ""), row, most))
    if image.kind is not Kind.ATTESTATION and None in commands:
        why = "config not loaded" if image.config is None else "the config's history does not match the layers"
        lines += [blank(), Line(hang=2).put(f"Commands unknown: {why}.", "dim")]
    return lines


def _bar_line(
    scene: Scene, number: int, layer: Descriptor, words: str, letter: str, row: Node | None, most: int
) -> Line:
    """`7  176.9 MB ████████████████ ✗   RUN opam switch create 5.3`."""
    presence = _presence(scene, row)
    bad = presence in _GONE
    cells = max(6, min(24, (scene.width - 20) // 3))
    line = Line(fold="cut").put(f"{number + 1:>3} ", "label").put(f"{size(layer.size):>9} ", "dim")
    line.put(bar(layer.size, most, cells, ascii_only=scene.glyphs.name == "ascii"), "bad" if bad else "dim")
    line.pad(14 + cells).put(" ").put(scene.glyphs.of(presence), presence.words.role).put(" ")
    line.put(letter or " ", tint(letter) if letter else "plain").put(" ")
    return line.put(cut(words, max(8, scene.width - width_of(line.plain))), "title" if bad else "plain")


def _presence(scene: Scene, row: Node | None) -> Presence:
    return scene.observed.observation(row).presence if row is not None else Presence.UNCHECKED


def _digests(scene: Scene, image: Node, users: dict[Digest, list[Node]]) -> list[Line]:
    """The digest of each layer, whole, with its type, and who else has it."""
    assert image.image_manifest is not None
    rows, inset = _rows(image), 4
    lines = [blank(), heading("Digests")] if image.image_manifest.layers else []
    for number, layer in enumerate(image.image_manifest.layers):
        line = Line(hang=inset, fold="char").put(f"{number + 1:>3} ", "label")
        lines.append(line.put(safe(str(layer.digest)), "digest", Target("digest", str(layer.digest))))
        tail = Line(hang=inset).pad(inset).put(safe(media.describe(layer.media_type)), "dim")
        shared = [row.label for row in users.get(layer.digest, []) if row is not image]
        if shared:
            names = ", ".join(shared[:6]) + (f" and {len(shared) - 6} more" if len(shared) > 6 else "")
            tail.put(f"  shared with {names}", "dim")
        row = rows.get(number)
        lines.append(tail.put(asked(scene.observed.observation(row) if row is not None else UNCHECKED), "dim"))
    return lines


def _of_index(scene: Scene, index: Node) -> Lines:
    """A bar for each platform that was read, what they share, and the layers of the first that is broken."""
    platforms = _platforms(index)
    users = _users(platforms)
    if not users:
        text = "No platform loaded. Open one, or check everything below ({key:check})."
        return nothing(scene.keys.put_in(text))
    read = [row for row in platforms if row.image_manifest is not None]
    letters = letters_of(read)
    sizes = {layer.digest: layer.size for row in read if row.image_manifest for layer in row.image_manifest.layers}
    unique, total = sum(sizes.values()), sum(sizes[digest] * len(names) for digest, names in users.items())
    common = [digest for digest, names in users.items() if len(names) > 1]
    lines = [*_bars(scene, read, letters), blank(), *_savings(common, users, sizes, letters)]
    sums = Line(hang=2).put("total ", "label").put(size(total), "title").put("   unique ", "label")
    lines.append(sums.put(size(unique), "title").put(f"  in {plural(len(users), 'layer')}", "dim"))
    if unread := len(platforms) - len(read):
        lines.append(Line().put(f"{plural(unread, 'platform')} not loaded", "warn"))
    first = next((row for row in read if scene.observed.rollup(row).broken), read[0])
    title = heading("Layers of ").put(first.label, "head", Target("node", first.key))
    return page([*lines, blank(), title, *_steps(scene, first, read), *_digests(scene, first, users)])


def _bars(scene: Scene, platforms: Sequence[Node], letters: dict[Digest, str]) -> list[Line]:
    """One bar a platform, its layers in their order: those that several have in their tint, with their letter."""
    ascii_only = scene.glyphs.name == "ascii"
    broken = {row for row in platforms if scene.observed.rollup(row).broken}
    worst_first = sorted(platforms, key=lambda row: row not in broken)
    shown = (platforms if len(platforms) <= _FEW_BARS else worst_first)[:_MOST_BARS]
    names = min(24, max(width_of(row.label) for row in shown)) + 1
    cells = max(8, scene.width - names - 11)
    totals = {}
    for row in shown:
        assert row.image_manifest is not None
        totals[row] = sum(layer.size for layer in row.image_manifest.layers)
    most = max(totals.values(), default=0)
    lines = [Line().put("Size by layer" + ("; same letter, same layer" if letters else ""), "dim")]
    for row in shown:
        assert row.image_manifest is not None
        role: Role = "bad" if row in broken else "plain"
        line = Line(fold="cut").put(cut(row.label, names - 1), role, Target("node", row.key))
        line.pad(names)
        rows = _rows(row)
        passed = drawn = 0
        for number, layer in enumerate(row.image_manifest.layers):
            passed += layer.size
            edge = passed * cells // most if most else 0
            if edge <= drawn or layer.size * cells * 2 < most:
                continue  # what takes less than half a cell would be told too large
            letter, wide = letters.get(layer.digest, ""), edge - drawn
            presence = _presence(scene, rows.get(number))
            if presence in _GONE:
                line.put(f"{scene.glyphs.of(presence):^{wide}}", "fault")
            elif letter:
                line.put(f"{letter:^{wide}}", tint(letter))
            else:
                line.put(("#=" if ascii_only else "█▓")[number % 2] * wide, "faint" if number % 2 else "dim")
            drawn = edge
        lines.append(line.pad(names + cells).put(f" {size(totals[row]):>9}", "dim"))
    if len(platforms) > len(shown):
        lines.append(Line().put(f"and {len(platforms) - len(shown):,} more platforms", "dim"))
    return lines


def _savings(
    common: Sequence[Digest], users: dict[Digest, list[Node]], sizes: dict[Digest, int], letters: dict[Digest, str]
) -> list[Line]:
    """`a b c d  shared by 5 platforms, 2.7 MB once (not 13.7 MB)`: a line for each number of platforms."""
    lines = []
    counts = Counter(len(users[digest]) for digest in common)
    for count in sorted(counts, reverse=True)[:6]:
        mine = [digest for digest in common if len(users[digest]) == count]
        once = sum(sizes[digest] for digest in mine)
        line = Line(hang=2)
        for letter in (letters[digest] for digest in mine if digest in letters):
            line.put(f" {letter} ", tint(letter)).put(" ")
        line.put(f"shared by {count} platforms, ", "plain").put(f"{size(once)} once", "title")
        lines.append(line.put(f" (not {size(once * count)})", "dim"))
    return lines

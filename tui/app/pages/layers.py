"""The Layers tab: bars of size with the Dockerfile line beside each, whole digests below, and which platforms share
what; of an index a bar for each platform, and what is stored once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tui.app.pages.parts import Scene, asked, blank, heading, page
from tui.app.pages.summary import nothing
from tui.app.styled_text import Line, Lines, Target, cut
from tui.app.theme import tint
from tui.explore.matrix import letters_of
from tui.explore.node import Kind, Node
from tui.explore.objects import image_parts, image_size
from tui.oci import media
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.sources.presence import UNCHECKED, Observation, Presence
from tui.text import plural, safe, size
from tui.text import width as width_of

#: So many platforms of an index have a bar, and so many layers are listed of each kind.
_MOST_BARS, _MOST_LISTED = 100, 200
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
    commands = image.config.commands(len(manifest.layers)) if image.config else (None,) * len(manifest.layers)
    shared = _sharers(image)
    rows = {child.position: child for child in image.children if child.kind in (Kind.LAYER, Kind.STATEMENT)}
    siblings = _platforms(image.parent) if image.parent is not None and image.parent.is_index else []
    letters = letters_of(siblings) if shared else {}
    most = max((layer.size for layer in manifest.layers), default=0)
    lines = [Line().put(image.label, "title").put(f"  {total}", "dim"), blank()]
    for number, layer in enumerate(manifest.layers):
        row = rows.get(number)
        words = commands[number] or (row.note if row is not None else "")
        lines.append(_bar_line(scene, number, layer, words, letters.get(layer.digest, ""), row, most))
    once = sum({layer.digest: layer.size for layer in manifest.layers if layer.digest in shared}.values())
    if once:
        lines += [blank(), Line().put(f"{size(once)} of it shared with other platforms", "dim")]
    if image.config is None and manifest.layers and image.kind is not Kind.ATTESTATION:
        lines += [blank(), Line().put("Commands unknown: config not loaded.", "dim")]
    elif any(command is None for command in commands) and image.kind is not Kind.ATTESTATION:
        lines += [blank(), Line(hang=2).put("Commands unknown: the config's history does not match "
                                            "the layers.", "dim")]  # fmt: skip
    if manifest.layers:
        lines += [blank(), heading("Digests")]
    for number, layer in enumerate(manifest.layers):
        lines += _digest_lines(scene, number, layer, shared.get(layer.digest, []), rows.get(number))
    return page(lines)


def _bar_line(
    scene: Scene, number: int, layer: Descriptor, words: str, letter: str, row: Node | None, most: int
) -> Line:
    """`7  176.9 MB ████████████████ ✗   RUN opam switch create 5.3`."""
    observation = scene.observed.observation(row) if row is not None else UNCHECKED
    presence = observation.presence
    cells = max(6, min(24, (scene.width - 20) // 3))
    bad = presence in (Presence.MISSING, Presence.MISMATCHED)
    line = Line(fold="cut").put(f"{number + 1:>3} ", "label").put(f"{size(layer.size):>9} ", "dim")
    line.put(bar(layer.size, most, cells, ascii_only=scene.glyphs.name == "ascii"), "bad" if bad else "dim")
    line.pad(14 + cells).put(" ").put(scene.glyphs.of(presence), presence.words.role).put(" ")
    line.put(letter or " ", tint(letter) if letter else "plain").put(" ")
    return line.put(cut(words, max(8, scene.width - width_of(line.plain))), "title" if bad else "plain")


def _digest_lines(scene: Scene, number: int, layer: Descriptor, shared: list[str], row: Node | None) -> list[Line]:
    observation: Observation = scene.observed.observation(row) if row is not None else UNCHECKED
    inset = 4
    line = Line(hang=inset, fold="char").put(f"{number + 1:>3} ", "label")
    line.put(safe(str(layer.digest)), "digest", Target("digest", str(layer.digest)))
    kind = safe(media.describe(layer.media_type))
    tail = Line(hang=inset).pad(inset).put(kind, "dim")
    if shared:
        names = ", ".join(shared[:6]) + (f" and {len(shared) - 6} more" if len(shared) > 6 else "")
        tail.put(f"  shared with {names}", "dim")
    return [line, tail.put(asked(observation), "dim")]


def _sharers(image: Node) -> dict[Digest, list[str]]:
    """For each layer of an image, the other platforms of the same index that have it too, as far as they were read."""
    above = image.parent
    found: dict[Digest, list[str]] = {}
    if above is None or not above.is_index:
        return found
    for other in above.children:
        if other is image or other.image_manifest is None:
            continue
        for digest in {layer.digest for layer in other.image_manifest.layers}:
            found.setdefault(digest, []).append(other.label)
    return found


def _platforms(index: Node) -> list[Node]:
    return [row for row in index.children if row.kind is Kind.MANIFEST]


def _of_index(scene: Scene, index: Node) -> Lines:
    """A bar for each platform that was read, then all distinct layers with who has them."""
    users: dict[Digest, list[str]] = {}
    seen: dict[Digest, Node] = {}
    sizes: dict[Digest, int] = {}
    platforms = _platforms(index)
    read = [row for row in platforms if row.image_manifest is not None]
    for platform in read:
        assert platform.image_manifest is not None
        rows = {child.position: child for child in platform.children if child.kind is Kind.LAYER}
        mine: set[Digest] = set()
        for number, layer in enumerate(platform.image_manifest.layers):
            sizes[layer.digest] = layer.size
            if (row := rows.get(number)) is not None:
                seen[layer.digest] = row
            if layer.digest not in mine:
                mine.add(layer.digest)
                users.setdefault(layer.digest, []).append(platform.label)
    if not users:
        text = "No platform loaded. Open one, or check everything below ({key:check})."
        return nothing(scene.keys.put_in(text))
    letters = letters_of(read)
    unique, total = sum(sizes.values()), sum(sizes[digest] * len(names) for digest, names in users.items())
    lines = [
        Line(hang=2)
        .put(f"{plural(len(users), 'distinct layer')}, {size(unique)}, ", "title")
        .put("each counted once", "dim"),
        *_bars(scene, read, letters),
    ]
    common = [digest for digest, names in users.items() if len(names) > 1]
    lines += [blank(), *_savings(common, users, sizes, letters)]
    lines.append(
        Line().put("total ", "label").put(size(total), "title").put("   unique ", "label").put(size(unique), "title")
    )
    if unread := len(platforms) - len(read):
        lines.append(Line().put(f"{plural(unread, 'platform')} not loaded", "warn"))
    alone = sorted((digest for digest, names in users.items() if len(names) == 1), key=lambda each: -sizes[each])
    for name, digests in (("Shared", common), ("In one platform only, largest first", alone)):
        if digests:
            lines += [blank(), heading(name)]
        for digest in digests[:_MOST_LISTED]:
            lines += _distinct(scene, digest, sizes[digest], seen.get(digest), users[digest], letters.get(digest, ""))
        if len(digests) > _MOST_LISTED:
            lines.append(Line().put(f"  and {len(digests) - _MOST_LISTED:,} more", "dim"))
    return page(lines)


def _bars(scene: Scene, platforms: Sequence[Node], letters: dict[Digest, str]) -> list[Line]:
    """One bar a platform, its layers in their order: those that several have in their tint, with their letter."""
    ascii_only = scene.glyphs.name == "ascii"
    shown = platforms[:_MOST_BARS]
    names = min(24, max(width_of(row.label) for row in shown)) + 1
    cells = max(8, scene.width - names - 11)
    totals = {}
    for row in shown:
        assert row.image_manifest is not None
        totals[row] = sum(layer.size for layer in row.image_manifest.layers)
    most = max(totals.values(), default=0)
    lines = [
        blank(),
        Line().put("Size by layer" + ("; same letter, same layer" if letters else ""), "dim"),
    ]
    for row in shown:
        assert row.image_manifest is not None
        line = Line(fold="cut").put(cut(row.label, names - 1)).pad(names)
        passed = drawn = 0
        for number, layer in enumerate(row.image_manifest.layers):
            passed += layer.size
            edge = passed * cells // most if most else 0
            if edge <= drawn or layer.size * cells * 2 < most:
                continue  # what takes less than half a cell would be told too large
            letter, wide = letters.get(layer.digest, ""), edge - drawn
            if letter:
                line.put(f"{letter:^{wide}}", tint(letter))
            else:
                line.put(("#=" if ascii_only else "█▓")[number % 2] * wide, "faint" if number % 2 else "dim")
            drawn = edge
        lines.append(line.pad(names + cells).put(f" {size(totals[row]):>9}", "dim"))
    if len(platforms) > len(shown):
        lines.append(Line().put(f"and {len(platforms) - len(shown):,} more platforms", "dim"))
    return lines


def _savings(
    common: Sequence[Digest], users: dict[Digest, list[str]], sizes: dict[Digest, int], letters: dict[Digest, str]
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


def _distinct(
    scene: Scene, digest: Digest, length: int, row: Node | None, names: Sequence[str], letter: str
) -> list[Line]:
    observation = scene.observed.observation(row) if row is not None else UNCHECKED
    head = Line(fold="cut").put(f"{letter:>2} ", tint(letter) if letter else "plain").put(f"{size(length):>9}  ", "dim")
    head.put(f"{scene.glyphs.of(observation.presence)} ", observation.presence.words.role)
    if row is not None and row.note:
        head.put(cut(row.note, max(8, scene.width - width_of(head.plain))))
    told_whole = safe(str(digest))
    room = scene.width - width_of(told_whole)
    inset = min(16, room) if room >= 2 else 16  # where it can stand in one piece, it does
    line = Line(hang=inset, fold="char").pad(inset).put(told_whole, "digest", Target("digest", str(digest)))
    told = ", ".join(names[:12]) + (f" and {len(names) - 12:,} more" if len(names) > 12 else "")
    return [head, line, Line(hang=16).pad(16).put(told, "dim").put(asked(observation), "dim")]

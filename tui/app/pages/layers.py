"""The Layers tab: number, size, command from the history, digest, type, and which other platforms share it."""

from __future__ import annotations

from tui.app.pages.parts import Scene, asked, blank, heading, page
from tui.app.pages.summary import nothing
from tui.app.styled_text import Line, Lines, Target
from tui.explore.node import Kind, Node
from tui.explore.objects import image_parts, image_size
from tui.oci import media
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.sources.presence import UNCHECKED, Observation
from tui.text import plural, safe, size

_WIDE = 96


def layers(scene: Scene) -> Lines:
    """The layers of the image that the row is, or is in."""
    image = scene.node.image()
    if image is None:
        return nothing("Layers belong to an image: select a tag or a platform.")
    if image.is_index:
        return _of_index(scene, image)
    manifest = image.image_manifest
    if manifest is None:
        return nothing(scene.keys.put_in("The manifest was not read yet: open the row ({key:open})."))
    what = "statement" if image.kind is Kind.ATTESTATION else "layer"
    total = f"{size(image_size(manifest))} in {image_parts(manifest, what)}"
    commands = image.config.commands(len(manifest.layers)) if image.config else (None,) * len(manifest.layers)
    shared = _sharers(image)
    lines = [Line().put(image.label, "title").put(f"  {total}", "dim"), blank()]
    rows = {child.position: child for child in image.children if child.kind in (Kind.LAYER, Kind.STATEMENT)}
    for number, layer in enumerate(manifest.layers):
        lines += _layer(scene, number, layer, commands[number], shared.get(layer.digest, []), rows.get(number))
    if image.config is None and manifest.layers and image.kind is not Kind.ATTESTATION:
        lines += [blank(), Line().put("The commands come from the config, which was not read yet.", "dim")]
    elif any(command is None for command in commands) and image.kind is not Kind.ATTESTATION:
        lines += [blank(), Line(hang=2).put("The history in the config does not match the layers one to one, "
                                            "so no command is claimed for them.", "dim")]  # fmt: skip
    return page(lines)


def _layer(
    scene: Scene, number: int, layer: Descriptor, command: str | None, shared: list[str], row: Node | None
) -> list[Line]:
    observation: Observation = scene.observed.observation(row) if row is not None else UNCHECKED
    presence = observation.presence
    head = Line(fold="cut").put(f"{number + 1:>3} ", "label").put(f"{size(layer.size):>9} ", "number")
    head.put(f"{scene.glyphs.of(presence)} ", presence.words.role)
    if command:
        room = max(10, scene.width - len(head.plain) - 1)
        head.put(command if len(command) <= room else command[: room - 1] + "…")
    elif row is not None and row.note:
        head.put(row.note)
    lines = [head]
    inset = 6
    line = Line(hang=inset, fold="char").pad(inset)
    line.put(safe(str(layer.digest)), "digest", Target("digest", str(layer.digest)))
    lines.append(line)
    kind = safe(media.describe(layer.media_type))
    tail = Line(hang=inset).pad(inset).put(kind, "dim")
    if shared:
        names = ", ".join(shared[:6]) + (f" and {len(shared) - 6} more" if len(shared) > 6 else "")
        tail.put(f"  shared with {names}", "info")
    lines.append(tail.put(asked(observation), "dim"))
    return lines


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


def _of_index(scene: Scene, index: Node) -> Lines:
    """All distinct layers of an index's platforms that were read, with who has them."""
    users: dict[Digest, list[str]] = {}
    seen: dict[Digest, Observation] = {}
    sizes: dict[Digest, int] = {}
    unread = 0
    for platform in index.children:
        if platform.kind is not Kind.MANIFEST:
            continue
        manifest = platform.image_manifest
        if manifest is None:
            unread += 1
            continue
        rows = {child.position: child for child in platform.children if child.kind is Kind.LAYER}
        for number, layer in enumerate(manifest.layers):
            sizes[layer.digest] = layer.size
            if (row := rows.get(number)) is not None:
                seen[layer.digest] = scene.observed.observation(row)
            names = users.setdefault(layer.digest, [])
            if platform.label not in names:
                names.append(platform.label)
    if not users:
        text = "No platform of this index was read yet: open one, or check everything below ({key:check})."
        return nothing(scene.keys.put_in(text))
    lines = [
        Line(hang=2)
        .put(f"{plural(len(users), 'distinct layer')}, {size(sum(sizes.values()))}, ", "title")
        .put("each counted once", "dim")
    ]
    if unread:
        lines.append(Line().put(f"{plural(unread, 'platform')} not read yet", "warn"))
    common = [digest for digest, names in users.items() if len(names) > 1]
    for name, digests in (("Shared", common), ("In one platform only", [d for d in users if d not in common])):
        if not digests:
            continue
        lines += [blank(), heading(name)]
        for digest in digests:
            observation = seen.get(digest, UNCHECKED)
            line = Line(hang=13, fold="char").put(f"{size(sizes[digest]):>9}  ", "number")
            line.put(f"{scene.glyphs.of(observation.presence)} ", observation.presence.words.role)
            lines.append(line.put(safe(str(digest)), "digest", Target("digest", str(digest))))
            told = Line(hang=13).pad(13).put(", ".join(users[digest]), "info" if name == "Shared" else "dim")
            lines.append(told.put(asked(observation), "dim"))
    return page(lines)

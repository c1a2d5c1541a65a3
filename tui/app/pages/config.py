"""The Config tab: how the image runs, and its history."""

from __future__ import annotations

from collections.abc import Sequence

from tui.app.pages.parts import Scene, blank, digest_value, heading, page, pairs, value
from tui.app.pages.summary import nothing
from tui.app.styled_text import Line, Lines
from tui.explore.node import Kind, Node
from tui.oci.canonical_json import json_text
from tui.oci.config import ImageConfig
from tui.text import age, safe


def config(scene: Scene) -> Lines:
    """The config of the image that the row is, or is in."""
    node = config_holder(scene.node)
    if node is None or node.config is None:
        return nothing(why_none(scene.node))
    read = node.config
    return page(
        Line().put("How it runs", "head"),
        _run(read),
        pairs("Environment", [item.partition("=")[::2] for item in read.env]),
        pairs("Labels", sorted(read.labels.items())),
        _history(read),
        [Line(hang=2).put(warning, "warn") for warning in read.warnings],
    )


def config_holder(node: Node) -> Node | None:
    """The row that the config was read into: the config's own, else the image's."""
    image = node.image()
    holders: list[Node | None] = [node, image, *(image.children if image is not None else ())]
    for holder in holders:
        if holder is not None and holder.config is not None:
            return holder
    return None


def why_none(node: Node) -> str:
    """Why there is no config to show."""
    image = node.image()
    if image is None:
        return "Only images have a config. Select a tag or a platform."
    if image.is_index:
        return "An index has no config. Select a platform."
    if image.kind is Kind.ATTESTATION:
        return "An attestation's content is its statements."
    return "Config not loaded."


def _run(read: ImageConfig) -> list[Line]:
    rows = [
        ("user", read.user or "root (default)"),
        ("entrypoint", words(read.entrypoint)),
        ("cmd", words(read.cmd)),
        ("workdir", read.workdir or "/"),
        ("ports", ", ".join(read.ports)),
        ("volumes", ", ".join(read.volumes)),
        ("stop", read.stop_signal),
        ("author", read.author),
    ]
    lines = [value(label, safe(text)) for label, text in rows if text]
    if read.created is not None:
        lines.append(value("created", f"{age(read.created)}, {read.created:%Y-%m-%d %H:%M:%S %Z}".strip()))
    if read.platform is not None:
        lines.append(value("platform", str(read.platform)))
    return lines


def words(items: Sequence[str] | None) -> str:
    """A command line as its words, quoted as in the exec form; "" for none."""
    return "[" + ", ".join(json_text(item) for item in items) + "]" if items is not None else ""


def _history(read: ImageConfig) -> list[Line]:
    lines: list[Line] = []
    number = 0
    for entry in read.history[:500]:
        if not entry.empty_layer:
            number += 1
        mark = "   " if entry.empty_layer else f"{number:>3}"
        line = Line(hang=6).put(f"{mark}  ", "label")
        lines.append(line.put(entry.command or "(nothing recorded)", "dim" if entry.empty_layer else "plain"))
    if not lines:
        return []
    shown = [blank(), heading("History"), Line().put("number: the layer made by the step", "dim"), *lines]
    if read.diff_ids:
        shown += [blank(), heading("Layers as unpacked (diff ids)")]
        shown += [digest_value(str(place), digest) for place, digest in enumerate(read.diff_ids[:200], start=1)]
    return shown

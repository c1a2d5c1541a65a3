"""Comparing two rows: two indexes, two platforms, two tags. Pure over what was read; the texts are safe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import zip_longest

from tui.explore.node import Node
from tui.explore.objects import kind_word
from tui.oci import attestation, media
from tui.oci.config import ImageConfig
from tui.oci.descriptor import Descriptor
from tui.oci.manifest import ImageManifest, Index
from tui.text import safe, size


class Change(StrEnum):
    """What became of a line."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"

    @property
    def sign(self) -> str:
        """The one character for it, on the screen and in text."""
        return _SIGNS[self]


_SIGNS = {Change.SAME: "=", Change.ADDED: "+", Change.REMOVED: "-", Change.CHANGED: "~"}


@dataclass(frozen=True, slots=True)
class DiffRow:
    """One line of a comparison. All texts are safe."""

    kind: Change
    left: str
    """The value on the left; "" where there is none."""
    right: str
    what: str
    """What is compared."""


def diff(left: Node, right: Node) -> list[DiffRow]:
    """What two rows have in common and what not, the differences of one thing next to each other.

    Rows whose manifest (or config) was not read yet are compared by what their descriptors say. Layers are compared by
    `layer_pairs`.
    """
    rows = [
        _row("digest", str(left.digest or ""), str(right.digest or "")),
        _row("type", _type(left), _type(right)),
        _row("size", size(left.size), size(right.size)),
    ]
    if left.index is not None and right.index is not None:
        rows.extend(_indexes(left.index, right.index))
    elif left.image_manifest is not None and right.image_manifest is not None:
        rows.extend(_images(left, right, left.image_manifest, right.image_manifest))
    elif left.index is not None or right.index is not None:
        rows.extend(_image_in_index(left, right))
    elif left.platform is not None or right.platform is not None:
        rows.append(_row("platform", str(left.platform or ""), str(right.platform or "")))
    return rows


def _row(what: str, left: str, right: str) -> DiffRow:
    if left == right:
        return DiffRow(Change.SAME, left, right, what)
    kind = Change.ADDED if not left else Change.REMOVED if not right else Change.CHANGED
    return DiffRow(kind, left, right, what)


def _type(node: Node) -> str:
    return safe(media.describe(node.media_type), limit=120) if node.media_type else kind_word(node)


def _indexes(left: Index, right: Index) -> Iterator[DiffRow]:
    ours, theirs = _by_name(left.entries), _by_name(right.entries)
    for name in dict.fromkeys((*ours, *theirs)):
        one, other = ours.get(name), theirs.get(name)
        yield _row(name, _said(one), _said(other))
        if one is not None and other is not None:
            yield from _entry(name, one, other)
    yield from _mapping("annotation", left.annotations, right.annotations)


def _entry(name: str, one: Descriptor, other: Descriptor) -> Iterator[DiffRow]:
    """What else differs between two entries of one name."""
    if one.media_type != other.media_type:
        yield _row(f"{name}, type", media.describe(one.media_type), media.describe(other.media_type))
    for row in _mapping(f"{name}, annotation", one.annotations, other.annotations):
        if row.kind is not Change.SAME:
            yield row


def _said(entry: Descriptor | None) -> str:
    return f"{entry.digest} {size(entry.size)}" if entry is not None else ""


def _by_name(entries: Sequence[Descriptor]) -> dict[str, Descriptor]:
    """Entries by what people call them; the second of a name gets a number."""
    called = {entry.digest: str(entry.platform) for entry in entries if entry.platform is not None}
    named: dict[str, Descriptor] = {}
    for entry in entries:
        about = attestation.reference_digest(entry) if attestation.is_attestation(entry) else None
        if about is not None:
            name = f"attestation of {called.get(about, about.short)}"
        else:
            name = str(entry.platform) if entry.platform is not None else f"no platform, {entry.artifact_type or ''}"
        name = safe(name, limit=160).rstrip(", ")
        number, unique = 2, name
        while unique in named:
            unique, number = f"{name} ({number})", number + 1
        named[unique] = entry
    return named


def _images(left: Node, right: Node, one: ImageManifest, other: ImageManifest) -> Iterator[DiffRow]:
    if _platform_known(left) and _platform_known(right):
        yield _row("platform", str(left.platform or ""), str(right.platform or ""))
    yield _row("config", str(one.config.digest) if one.config else "", str(other.config.digest) if other.config else "")
    if left.config is not None and right.config is not None:
        yield from _configs(left.config, right.config)
    yield from _mapping("annotation", one.annotations, other.annotations)


def _platform_known(node: Node) -> bool:
    """False while only the config could say it and was not read: that is no difference."""
    return node.platform is not None or node.config is not None


@dataclass(frozen=True, slots=True)
class LayerPair:
    """A layer on each side with its place from 1; the same one, or what stands at this point instead. None where that
    side has nothing."""

    left: tuple[int, Descriptor] | None
    right: tuple[int, Descriptor] | None

    @property
    def kind(self) -> Change:
        """What became of it."""
        if self.left is None or self.right is None:
            return Change.ADDED if self.left is None else Change.REMOVED
        return Change.SAME if self.left[1].digest == self.right[1].digest else Change.CHANGED


#: Up to so many pairs are looked at to find layers that only moved: nobody's image has as many, and where layers repeat
#: it takes time by the cube of their number.
_MOST_COMPARED = 40_000


def layer_pairs(ours: Sequence[Descriptor], theirs: Sequence[Descriptor]) -> list[LayerPair]:
    """The layers of two images side by side: those that both have in one line, though others came before them."""
    left, right = list(enumerate(ours, 1)), list(enumerate(theirs, 1))
    most = min(len(left), len(right))
    begin = next((at for at in range(most) if ours[at].digest != theirs[at].digest), most)
    most -= begin
    end = next((at for at in range(most) if ours[-1 - at].digest != theirs[-1 - at].digest), most)
    one, other = left[begin : len(left) - end], right[begin : len(right) - end]
    return [
        *(LayerPair(*both) for both in zip(left[:begin], right[:begin], strict=True)),
        *_between(one, other),
        *(LayerPair(*both) for both in zip(left[len(left) - end :], right[len(right) - end :], strict=True)),
    ]


def _between(one: list[tuple[int, Descriptor]], other: list[tuple[int, Descriptor]]) -> Iterator[LayerPair]:
    blocks = [(0, len(one), 0, len(other))]
    if len(one) * len(other) <= _MOST_COMPARED:
        ours, theirs = ([str(each.digest) for _, each in side] for side in (one, other))
        blocks = [block[1:] for block in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes()]
    for first, last, begin, end in blocks:
        for left, right in zip_longest(one[first:last], other[begin:end]):
            yield LayerPair(left, right)


def layers_words(pairs: Sequence[LayerPair], *, sizes: bool = True) -> str:
    """How many layers are kept, dropped and added, with their bytes: "1 kept (65.0 kB), 1 dropped (202 B)"."""
    kept = [pair.left for pair in pairs if pair.kind is Change.SAME]
    dropped = [pair.left for pair in pairs if pair.kind is not Change.SAME]
    added = [pair.right for pair in pairs if pair.kind is not Change.SAME]
    said = []
    for word, parts in (("kept", kept), ("dropped", dropped), ("added", added)):
        counted = [part[1].size for part in parts if part is not None]
        if counted:
            said.append(f"{len(counted)} {word}" + (f" ({size(sum(counted))})" if sizes else ""))
    return ", ".join(said) or "none"


def _configs(one: ImageConfig, other: ImageConfig) -> Iterator[DiffRow]:
    for what, left, right in (
        ("created", str(one.created or ""), str(other.created or "")),
        ("user", one.user, other.user),
        ("working directory", one.workdir, other.workdir),
        ("entrypoint", _words(one.entrypoint), _words(other.entrypoint)),
        ("command", _words(one.cmd), _words(other.cmd)),
        ("stop signal", one.stop_signal, other.stop_signal),
        ("ports", _words(one.ports), _words(other.ports)),
        ("volumes", _words(one.volumes), _words(other.volumes)),
    ):
        yield _row(what, safe(left or "", limit=400), safe(right or "", limit=400))
    yield from _mapping("env", _pairs(one.env), _pairs(other.env))
    yield from _mapping("label", one.labels, other.labels)


def _words(words: Sequence[str] | None) -> str:
    return " ".join(words) if words else ""


def _pairs(env: Sequence[str]) -> dict[str, str]:
    return {name: value for name, _, value in (entry.partition("=") for entry in env)}


def _mapping(what: str, left: Mapping[str, str], right: Mapping[str, str]) -> Iterator[DiffRow]:
    for key in dict.fromkeys((*left, *right)):
        yield _row(
            f"{what} {safe(key, limit=120)}", safe(left.get(key, ""), limit=400), safe(right.get(key, ""), limit=400)
        )


def _image_in_index(left: Node, right: Node) -> Iterator[DiffRow]:
    """An index beside an image: whether the image is in the index, and what the index has for its platform."""
    holder, image = (left, right) if left.index is not None else (right, left)
    index = holder.index
    if index is None:
        return
    inside = any(entry.digest == image.digest for entry in index.entries)
    if inside:
        yield DiffRow(Change.SAME, "is in the index", "is in the index", "the image")
        return
    outside = "is not in the index"
    yield DiffRow(Change.CHANGED, *(("", outside) if holder is left else (outside, "")), "the image")
    if image.platform is None:
        return
    for entry in index.entries:
        if entry.platform is not None and entry.platform.same_as(image.platform):
            theirs, ours = str(entry.digest), str(image.digest or "")
            pair = (theirs, ours) if holder is left else (ours, theirs)
            yield _row(str(image.platform), *pair)

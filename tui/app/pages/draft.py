"""A draft as lines: the table of its entries, what is to know about it, and one entry in full. No Textual in here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tui.app.pages.json_page import JsonPage
from tui.app.pages.parts import LABEL, blank, digest_value, heading, prose, value
from tui.app.pages.two_sides import Remark, layer_lines
from tui.app.styled_text import Line, Lines, Role, columns
from tui.compose.draft import Draft, DraftKind, Entry, EntryVerdict, TypeChoice
from tui.compose.validate import Problem
from tui.explore.diff import Change, layer_pairs, layers_words
from tui.explore.objects import image_size
from tui.oci import media
from tui.oci.attestation import predicate_name, predicate_type
from tui.oci.digest import Digest
from tui.oci.manifest import ImageManifest
from tui.oci.reference import Reference
from tui.text import apart, plural, safe, size, width, with_keys

_VERDICT: dict[EntryVerdict, Role] = {
    EntryVerdict.UNCHANGED: "dim",
    EntryVerdict.MOVED: "warn",
    EntryVerdict.GONE: "bad",
    EntryVerdict.NEW: "good",
    EntryVerdict.REMOVED: "bad",
    EntryVerdict.UNKNOWN: "warn",
}
_SIGN = {
    EntryVerdict.UNCHANGED: " ",
    EntryVerdict.MOVED: "~",
    EntryVerdict.GONE: "✗",
    EntryVerdict.NEW: "+",
    EntryVerdict.REMOVED: "-",
    EntryVerdict.UNKNOWN: "?",
}
#: What help says of the verdicts of entries.
VERDICTS = (
    ("unchanged", "the source has this digest"),
    ("as is", "source unknown; kept as is, may be stale"),
    ("moved", "the source has a new digest; uses it"),
    ("gone", "source deleted: replace or remove the row"),
    ("new", "not in the old list"),
    ("removed", "not in the new list"),
    ("unknown", "source unreachable; may still exist"),
)
_KINDS = {
    DraftKind.RECREATE: "recreated",
    DraftKind.AMEND: "amended",
    DraftKind.NEW: "new list",
    DraftKind.LOCAL: "Docker's local list",
}
#: The media types that an index can have, and what to know about each.
TYPES = {
    TypeChoice.AUTO: ("auto", "Docker list if all images are Docker's, else OCI index"),
    TypeChoice.OCI: ("OCI index", "keeps annotations and attestations; read by current clients"),
    TypeChoice.DOCKER: ("Docker manifest list", "for very old clients; no annotations"),
}

#: The first key of an action, as people write it.
KeyOf = Callable[[str], str]

_AS_IT_IS = "as is"
_NO_SOURCE = "source unknown"
_GUESS = " (guess)"
_ROOM_FOR_A_GUESS = 18
_WORD = 10
#: Cells of the columns of layers and sizes, where there is room for few words and for more.
_LAYERS, _SIZE = (9, 29), (10, 21)
#: From so many cells on there is room for more.
_WIDE = 106

#: The image that the list holds of an entry, and the one that goes in, as far as each was read.
Images = Callable[[Entry], tuple[ImageManifest | None, ImageManifest | None]]


def order(draft: Draft) -> list[Entry]:
    """The rows as they are shown: each image, in the draft's order, with the attestations that describe it below it."""
    images = [entry for entry in draft.entries if entry.describes is None]
    shown: list[Entry] = []
    for image in images:
        shown.append(image)
        about = {image.descriptor.digest}
        shown += [entry for entry in draft.entries if entry.describes in about and entry not in shown]
    return [*shown, *(entry for entry in draft.entries if entry not in shown)]


def _unread(_: Entry) -> tuple[None, None]:
    return None, None


def table(draft: Draft, room: int, images: Images = _unread) -> tuple[Line, list[Line]]:
    """The head of the table and a line for each row of `order`; of images that were not read layers and size stay
    blank. `room` in cells."""
    rows = order(draft)
    names = [_name(entry, draft) for entry in rows]
    first = max([len("platform"), *(width(name) for name in names)]) + 2
    first = min(first, max(16, room // 3))
    wide = room >= _WIDE
    layers, bytes_of = _LAYERS[wide], _SIZE[wide]
    source = max(10, room - first - layers - bytes_of - _WORD - 3)
    head = columns(
        [
            ("   platform", first + 3, "label"),
            ("source", source, "label"),
            ("layers", layers, "label"),
            ("size", bytes_of, "label"),
            ("verdict", 0, "label"),
        ]
    )
    came = _sources(rows, draft.target, source - 1)
    cells = (first, source, layers, bytes_of)
    lines = [
        _row(entry, name, came_from, _parts(*images(entry), wide=wide), cells)
        for entry, name, came_from in zip(rows, names, came, strict=True)
    ]
    return head, lines


def _parts(was: ImageManifest | None, now: ImageManifest | None, *, wide: bool) -> tuple[str, str]:
    """Layers and size: "±1 of 2" and "62.9 kB", in more words "1 kept, 1 dropped, 1 added" and "62.9 kB → 66.0 kB"."""
    image = now or was
    if image is None:
        return "", ""
    if was is None or now is None or was.digest == now.digest:
        return plural(len(image.layers), "layer"), size(image_size(image))
    pairs = layer_pairs(was.layers, now.layers)
    differ = sum(pair.kind is not Change.SAME for pair in pairs)
    words = layers_words(pairs, sizes=False) if wide else f"±{differ} of {len(pairs)}"
    sizes = [size(image_size(each)) for each in (was, now)]
    return words, " → ".join(dict.fromkeys(sizes)) if wide else sizes[1]


def _sources(rows: Sequence[Entry], target: Reference, cells: int) -> list[str]:
    """Where each row came from; where that is too long for its column, the part by which they differ."""
    told = [source_text(entry, target) for entry in rows]
    guess = _GUESS if cells >= _ROOM_FOR_A_GUESS else ""  # else its colour and the entry below tell
    guessed = any(entry.proposed and text for entry, text in zip(rows, told, strict=True))
    named = list(dict.fromkeys(filter(None, told)))
    short = dict(zip(named, apart(named, cells - len(guess) * guessed), strict=True))
    return [
        _NO_SOURCE if entry.is_unsourced else short.get(text, "") + (guess if entry.proposed and text else "")
        for entry, text in zip(rows, told, strict=True)
    ]


def _row(entry: Entry, name: str, came: str, parts: tuple[str, str], widths: tuple[int, int, int, int]) -> Line:
    first, source, layers, bytes_of = widths
    removed = entry.verdict is EntryVerdict.REMOVED
    verdict = _VERDICT[entry.verdict]
    moved = entry.was != entry.now and not removed
    return columns(
        [
            ("! " if entry.is_unsourced else f"{_SIGN[entry.verdict]} ", 3, "warn" if entry.is_unsourced else verdict),
            (name, first, "dim" if removed or entry.is_attestation else "title"),
            (came, source, "dim" if removed or entry.is_attestation else "info" if entry.proposed else "plain"),
            (parts[0], layers, "plain" if moved else "dim"),
            (parts[1], bytes_of, "plain" if moved else "dim"),
            (_word(entry), 0, "warn" if entry.is_unsourced else verdict),
        ]
    )


def _word(entry: Entry) -> str:
    """The verdict; of an entry without a source it would be said as if it had been looked for."""
    return _AS_IT_IS if entry.is_unsourced else str(entry.verdict)


def _name(entry: Entry, draft: Draft) -> str:
    if entry.is_attestation:
        known = any(image.descriptor.digest == entry.describes for image in draft.entries if not image.is_attestation)
        return f"  {'└ ' if known else ''}attestation"
    if media.is_index(entry.descriptor.media_type):
        return "an index"
    platform = entry.platform
    return safe(str(platform)) if platform is not None and not platform.is_unknown else "no platform"


def source_text(entry: Entry, target: Reference) -> str:
    """Where the entry came from, as short as it can be without doubt: `:tag` in the target's own repository,
    `/repository:tag` in its registry, else whole. Safe text."""
    source = entry.source
    if not source:
        return ""
    for prefix, mark in ((f"{target.registry}/{target.repository}", ""), (f"{target.registry}/", "/")):
        if source.startswith(prefix):
            rest = source[len(prefix) :]
            if mark or rest[:1] in (":", "@"):
                name, at, digest = rest.partition("@sha256:")
                return safe(f"{mark}{name}{at}{digest[:12]}")
    return safe(source)


def headline(draft: Draft) -> Line:
    """What the draft is for, what it would be, and what is in it, in a line."""
    line = Line(fold="cut").put(" draft ", "head").put(" ").put(safe(str(draft.target)), "title")
    line.put(f"   {_KINDS[draft.kind]}", "title").put(f"   {media.describe(draft.media_type)}", "label")
    if draft.choice is not TypeChoice.AUTO:
        line.put(" (chosen)", "dim")
    return line.put(f"   {summary(draft)}", "dim")


def summary(draft: Draft) -> str:
    """How many entries of which verdict: `2 moved, 1 unchanged`."""
    images = [entry for entry in draft.entries if not entry.is_attestation]
    words = []
    for verdict in EntryVerdict:
        count = sum(entry.verdict is verdict and not entry.is_unsourced for entry in images)
        if count:
            words.append(f"{count} {verdict}")
    count = sum(entry.is_unsourced for entry in images)
    if count:
        words.append(f"{count} without a source")
    return ", ".join(words) or "no image"


def notices(
    draft: Draft,
    problems: Sequence[Problem],
    messages: Sequence[str],
    key_of: KeyOf,
    put_in: Callable[[str], str] = with_keys,
    warnings: Sequence[str] = (),
) -> list[Line]:
    """Problems in words, the warnings of the plan, then what the last edit did on the side. `put_in` puts the reader's
    keys into a text."""
    lines = []
    offer_key = key_of("draft-offer")
    for problem in problems:
        role: Role = "bad" if problem.stops and not problem.undetermined else "warn"
        line = Line(hang=2).put("✗ " if problem.stops else "! ", role).put(put_in(problem.text))
        if problem.offer == "oci-type":
            line.put(f"  {offer_key}", "key-cap").put(" chooses the OCI type", "label")
        elif problem.code == "duplicate-platform":
            line.put(f"  {offer_key}", "key-cap").put(" keeps both", "label")
        elif problem.offer == "accept-tag":
            line.put(f"  {key_of('draft-plan')}", "key-cap").put(" shows the plan, which can be made anew", "label")
        lines.append(line)
    unsourced = [entry for entry in draft.images if entry.is_unsourced]
    if unsourced:
        names = ", ".join(_name(entry, draft) for entry in unsourced)
        lines.append(
            Line(hang=2).put("! ", "warn").put(f"{names}: source unknown; kept as is, may be stale. ")
            .put(f"{key_of('draft-source')} sets a source.", "label")
        )  # fmt: skip
    lines += [Line(hang=2).put("! ", "warn").put(put_in(warning)) for warning in warnings]
    lines += [Line(hang=2).put("· ", "dim").put(message, "plain") for message in messages]
    if not lines:
        # Only the list itself was looked at: no mark says that its images are whole.
        text = "The list is valid. {key:push} checks everything below its images."
        lines.append(Line(hang=2).put("· ", "dim").put(put_in(text), "dim"))
    return lines


@dataclass(frozen=True, slots=True)
class Sides:
    """The image that a list holds and the one that goes in, as far as both were read, what is known of their layers,
    and the cells of a line."""

    was: ImageManifest
    now: ImageManifest
    held: Remark
    taken: Remark
    room: int


def entry_page(entry: Entry | None, key_of: KeyOf, sides: Sides | None = None) -> list[Line]:
    """One entry in full, and `sides` beside each other."""
    if entry is None:
        return [prose(f"The draft is empty: {key_of('draft-add')} adds an image from any reference.", "dim")]
    descriptor = entry.descriptor
    lines = [heading(_what(entry)), value("source", safe(entry.source or "not known"))]
    if entry.note:
        bad = entry.verdict in (EntryVerdict.GONE, EntryVerdict.UNKNOWN) or entry.is_unsourced
        lines.append(value("", entry.note, "warn" if bad else "info"))
    if entry.proposed:
        lines[-1].put(f"; guessed from tag names; {key_of('draft-source')} to change", "dim")
    if sides is not None:
        lines += _layers(sides)
    removed = entry.verdict is EntryVerdict.REMOVED
    differs = entry.was != entry.now or removed
    lines.append(_digest("was", entry.was, "- " if differs and entry.was is not None else ""))
    if not removed:
        lines.append(_digest("is now", entry.now, "+ " if differs and entry.now is not None else ""))
    if entry.now is not None and entry.now != descriptor.digest and entry.in_index:
        lines.append(_digest("goes in", descriptor.digest, ""))
    lines.append(value("type", f"{media.describe(descriptor.media_type)}, {size(descriptor.size)}"))
    if entry.describes is not None:
        lines.append(digest_value("describes", entry.describes))
    for name, text in descriptor.annotations.items():
        line = Line(hang=11, fold="char").put(f"{'':<11}").put(safe(name, limit=200), "key").put("  ")
        lines.append(line.put(safe(text, limit=1000)))
    return lines


def _layers(sides: Sides) -> list[Line]:
    pairs = layer_pairs(sides.was.layers, sides.now.layers)
    return [value("layers", layers_words(pairs)), *layer_lines(pairs, sides.room, sides.held, sides.taken)]


def _digest(label: str, digest: Digest | None, sign: str) -> Line:
    if digest is None:
        return value(label, "-", "dim")
    line = digest_value(label, digest)
    if sign:
        line = Line(hang=LABEL, fold="char").put(f"{label:<{LABEL - 1}} ", "label")
        line.put(f"{sign}{digest}", "added" if sign == "+ " else "removed")
    return line


def _what(entry: Entry) -> str:
    if entry.is_attestation:
        name = predicate_name(predicate_type(entry.descriptor))
        return "attestation" + (f": {safe(name)}" if name else "")
    return safe(str(entry.platform)) if entry.platform is not None else "an image without a platform"


def index_notes(draft: Draft) -> list[Line]:
    """The index's own annotations."""
    if not draft.annotations:
        return []
    lines = [blank(), heading("Annotations of the index")]
    for name, text in draft.annotations.items():
        lines.append(Line(hang=4, fold="char").put("  ").put(safe(name, limit=200), "key").put("  ").put(safe(text)))
    return lines


def draft_page(draft: Draft, entry: Entry | None, key_of: KeyOf, sides: Sides | None = None) -> list[Line]:
    """One entry in full, then what there is to say of the index."""
    kept = plural(len(draft.images), "image")
    others = len(draft.kept) - len(draft.images)
    kept += f" and {plural(others, 'attestation')}" if others else ""
    try:
        made = f"{draft.digest}, {size(len(draft.to_bytes()))}"
    except UnicodeEncodeError:  # validation says which text it is
        made = "not available"
    return [
        *entry_page(entry, key_of, sides),
        Line(),
        Line(hang=11, fold="char").put(f"{'index':<11}", "label").put(f"{kept}: {made}", "dim"),
        *index_notes(draft),
    ]


def json_page(draft: Draft) -> Lines:
    """The index as it was and as it would be pushed."""
    before = [heading("Before"), blank()]
    if draft.base is None:
        before += [prose("No index before.", "dim"), blank()]
    else:
        before += [digest_value("digest", draft.base.digest), blank(), *_every_line(JsonPage(draft.base.raw))]
    after = [blank(), heading("After: exactly what would be pushed"), blank(), digest_value("digest", draft.digest)]
    return Lines([*before, *after, blank(), *_every_line(JsonPage(draft.to_bytes(), pretty=False))])


def _every_line(page: JsonPage) -> list[Line]:
    return [page.line(number) for number in range(len(page))]

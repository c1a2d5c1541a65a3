"""What a tag will hold against what it holds now, entry by entry. All texts are safe."""

from __future__ import annotations

from collections.abc import Mapping

from tui.compose.plan import DiffRow
from tui.explore.diff import Change
from tui.oci import attestation, media
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.manifest import AnyManifest, Index
from tui.text import plural, safe


def difference(before: AnyManifest | None, after: AnyManifest) -> tuple[DiffRow, ...]:
    """The rows of the difference; equal entries are there too, as `same`. Order: type, entries, annotations."""
    if before is None:
        return (
            DiffRow(Change.ADDED, "tag", after="is new"),
            DiffRow(Change.ADDED, "type", after=media.describe(after.media_type)),
            *(_row(Change.ADDED, entry, after=entry) for entry in _entries(after)),
            *_annotations({}, after.annotations, ""),
        )
    rows = [_plain("type", media.describe(before.media_type), media.describe(after.media_type))]
    if not isinstance(before, Index) or not isinstance(after, Index):
        rows.append(_plain("digest", str(before.digest), str(after.digest)))
    old, new = list(_entries(before)), list(_entries(after))
    pairs = _paired(old, new)
    for entry in new:
        was = pairs.get(id(entry))
        if was is None:
            rows.append(_row(Change.ADDED, entry, after=entry))
        else:
            old.remove(was)
            rows += _changes(was, entry)
    rows += [_row(Change.REMOVED, entry, before=entry) for entry in old]
    kept_old = [entry for entry in _entries(before) if entry not in old]
    if [pairs.get(id(entry)) for entry in new if id(entry) in pairs] != kept_old:
        rows.append(DiffRow(Change.CHANGED, "order", after="the entries come in another order"))
    rows += _annotations(before.annotations, after.annotations, "")
    if before.digest != after.digest and all(row.kind is Change.SAME for row in rows):
        # The same list, written by another tool: its digest is another one all the same.
        rows.append(_plain("bytes", _written(before), _written(after)))
    return tuple(rows)


def _written(manifest: AnyManifest) -> str:
    return f"{manifest.digest.short}, {plural(manifest.size, 'byte')}: written otherwise"


def summary(rows: tuple[DiffRow, ...]) -> str:
    """One line: `1 added, 2 changed, 3 as they were`."""
    entries = [row for row in rows if row.what not in ("tag", "type", "order", "digest", "bytes")]
    counts = [
        (kind, sum(row.kind is kind for row in entries), word)
        for kind, word in (
            (Change.ADDED, "added"),
            (Change.REMOVED, "removed"),
            (Change.CHANGED, "changed"),
            (Change.SAME, "as before"),
        )
    ]
    return ", ".join(f"{count} {word}" for _kind, count, word in counts if count) or "nothing in it"


def _entries(manifest: AnyManifest) -> tuple[Descriptor, ...]:
    return manifest.entries if isinstance(manifest, Index) else ()


def _paired(old: list[Descriptor], new: list[Descriptor]) -> dict[int, Descriptor]:
    """Which old entry each new one stands for: the same digest and platform first, then the same platform or
    subject."""
    pairs: dict[int, Descriptor] = {}
    left = list(old)
    for test in (_identical, _same_digest, _same_place):
        for entry in new:
            if id(entry) in pairs:
                continue
            match = next((other for other in left if test(other, entry)), None)
            if match is not None:
                pairs[id(entry)] = match
                left.remove(match)
    return pairs


def _identical(one: Descriptor, other: Descriptor) -> bool:
    return one.digest == other.digest and one.platform == other.platform


def _same_digest(one: Descriptor, other: Descriptor) -> bool:
    return one.digest == other.digest


def _same_place(one: Descriptor, other: Descriptor) -> bool:
    if attestation.is_attestation(one) or attestation.is_attestation(other):
        return False
    return one.platform is not None and other.platform is not None and one.platform.same_as(other.platform)


def _changes(was: Descriptor, now: Descriptor) -> list[DiffRow]:
    rows: list[DiffRow] = []
    if was.digest != now.digest:
        rows.append(_row(Change.CHANGED, now, before=was, after=now))
    if was.platform != now.platform:
        rows.append(DiffRow(Change.CHANGED, f"platform of {now.digest.short}", str(was.platform), str(now.platform)))
    rows += _annotations(was.annotations, now.annotations, f" of {_name(now)}")
    return rows or [_row(Change.SAME, now, before=was, after=now)]


def _row(
    kind: Change, entry: Descriptor, *, before: Descriptor | None = None, after: Descriptor | None = None
) -> DiffRow:
    return DiffRow(
        kind,
        _name(entry),
        str(before.digest) if before is not None else "",
        str(after.digest) if after is not None else "",
    )


def _name(entry: Descriptor) -> str:
    about: Digest | None = attestation.reference_digest(entry)
    if attestation.is_attestation(entry):
        return f"attestation of {about.short}" if about is not None else "attestation"
    return str(entry.platform) if entry.platform is not None else entry.digest.short


def _plain(what: str, before: str, after: str) -> DiffRow:
    return DiffRow(Change.SAME if before == after else Change.CHANGED, what, before, after)


def _annotations(old: Mapping[str, str], new: Mapping[str, str], where: str) -> list[DiffRow]:
    rows: list[DiffRow] = []
    for name in (*old, *(name for name in new if name not in old)):
        if old.get(name) == new.get(name):
            continue
        kind = Change.ADDED if name not in old else Change.REMOVED if name not in new else Change.CHANGED
        rows.append(DiffRow(kind, f"annotation {safe(name)}{where}", safe(old.get(name, "")), safe(new.get(name, ""))))
    return rows

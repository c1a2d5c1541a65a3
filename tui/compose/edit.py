"""How drafts begin (from the index a tag holds, from references, from what is marked), and the edits of them.

An edit takes a draft and gives a new one; what it does on the side is said in the new draft's messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as changed

from tui.compose.draft import Draft, DraftKind, Entry, EntryVerdict, TypeChoice, from_index
from tui.compose.errors import DraftError, ResolveError
from tui.compose.resolve import Resolved, read, resolve, resolve_all
from tui.compose.validate import row_name
from tui.explore.inspector import Inspector
from tui.oci import attestation
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.manifest import Index, OpaqueManifest
from tui.oci.platform import Platform
from tui.oci.reference import Reference
from tui.sources.location import RepositoryLocation
from tui.sources.presence import Presence
from tui.text import plural, safe


def add(draft: Draft, entries: Sequence[Entry]) -> Draft:
    """Add images and their attestations, as `resolve` gives them.

    An image whose platform is in the draft already takes the place of that row, with its attestations, and a message
    says so. Two images for one platform *within* what is added both go in: `validate.problems` then names them,
    because nobody can know which one was meant. An image that is there already, byte for byte, is not doubled.
    """
    attestations: dict[Digest, list[Entry]] = {}
    images: list[Entry] = []
    for entry in entries:
        if entry.describes is not None:
            attestations.setdefault(entry.describes, []).append(entry)
        else:
            images.append(entry)
    begun_with = {entry.key for entry in draft.entries}
    for image in images:
        attestations_of_it = attestations.pop(image.descriptor.digest, [])
        same_slot = [entry for entry in draft.images if _same_slot(entry, image)]
        double = next((entry for entry in same_slot if entry.descriptor.digest == image.descriptor.digest), None)
        old = [entry for entry in same_slot if entry.key in begun_with]
        if double is not None:
            draft = _joined(draft, double, image)
            draft = _with_attestations(draft, double.descriptor.digest, attestations_of_it)
        elif old:
            draft = _put_in_place(draft, old, image, attestations_of_it)
            begun_with -= {entry.key for entry in old}  # a second image for this platform is no replacement
        else:
            draft = _append(draft, [image, *attestations_of_it])
    orphans = [entry for group in attestations.values() for entry in group]
    return _append(draft, [entry for entry in orphans if not has(draft, entry)])


def replace(draft: Draft, key: str, entries: Sequence[Entry]) -> Draft:
    """Put what a reference holds in the place of this row, its attestations included.

    Raises DraftError when the reference holds several images and none of them is of the row's platform.
    """
    old = draft.entry(key)
    if old.is_attestation:
        raise DraftError("Attestations follow their image: replace the image.")
    images = [entry for entry in entries if not entry.is_attestation]
    matching = [entry for entry in images if _same_slot(old, entry)]
    chosen = matching or images
    if len(chosen) != 1:
        names = ", ".join(row_name(entry) for entry in images) or "no image"
        raise DraftError(f"Cannot replace {row_name(old)} from that source: it holds {names}.")
    image = chosen[0]
    attestations = [entry for entry in entries if entry.describes == image.descriptor.digest]
    return _put_in_place(draft, [old], image, attestations)


def remove(draft: Draft, key: str) -> Draft:
    """Take a row out, and the attestations of its image with it. The rows stay in sight as `removed`."""
    row = draft.entry(key)
    along = () if row.is_attestation else draft.attestations_of(row.descriptor.digest)
    still = [entry for entry in draft.images if entry.key != key and entry.descriptor.digest == row.descriptor.digest]
    keys = {key} | (set() if still else {entry.key for entry in along})
    entries = tuple(
        changed(entry, verdict=EntryVerdict.REMOVED) if entry.key in keys else entry for entry in draft.entries
    )
    message = f"Removed {row_name(row)}"
    if len(keys) > 1:
        message += f" and its {plural(len(keys) - 1, 'attestation')}"
    return changed(draft, entries=entries).with_messages(message + ".")


def restore(draft: Draft, key: str) -> Draft:
    """Take a removal back, with the attestations that were removed along with the row."""
    row = draft.entry(key)
    digest = row.descriptor.digest
    entries = tuple(
        changed(entry, verdict=_verdict(entry.was, entry.now))
        if entry.verdict is EntryVerdict.REMOVED
        and (entry.key == key or (not row.is_attestation and entry.describes == digest))
        else entry
        for entry in draft.entries
    )
    return changed(draft, entries=entries)


def move(draft: Draft, key: str, position: int) -> Draft:
    """Put a row at this place (from 0, clamped). Clients take the first entry that fits, so order can matter."""
    row = draft.entry(key)
    others = [entry for entry in draft.entries if entry.key != key]
    index = max(0, min(position, len(others)))
    return changed(draft, entries=(*others[:index], row, *others[index:]))


def edit_platform(draft: Draft, key: str, platform: Platform | None) -> Draft:
    """Say another platform for a row (all fields: os, architecture, variant, os.version, os.features)."""
    row = draft.entry(key)
    if row.is_attestation:
        raise DraftError("An attestation has no platform: unknown/unknown is correct.")
    return _swap(draft, changed(row, descriptor=changed(row.descriptor, platform=platform)))


def annotate(draft: Draft, name: str, value: str | None) -> Draft:
    """Set an annotation of the index; None takes it away. Raises DraftError for an empty name."""
    return changed(draft, annotations=_annotated(draft.annotations, name, value))


def annotate_entry(draft: Draft, key: str, name: str, value: str | None) -> Draft:
    """Set an annotation of one entry's descriptor; None takes it away. Raises DraftError for an empty name."""
    row = draft.entry(key)
    annotations = _annotated(row.descriptor.annotations, name, value)
    return _swap(draft, changed(row, descriptor=changed(row.descriptor, annotations=annotations)))


def choose_type(draft: Draft, choice: TypeChoice) -> Draft:
    """Choose the media type of the index."""
    return changed(draft, choice=choice)


def retarget(draft: Draft, target: Reference) -> Draft:
    """Push to another tag or repository. What is known of the old tag is forgotten."""
    return changed(draft, target=target, tag_known=False, tag_was=None)


def accept_tag(draft: Draft, digest: Digest | None) -> Draft:
    """Go on although somebody moved the tag: what it holds now is what will be replaced."""
    return changed(draft, tag_known=True, tag_was=digest)


def allow_duplicates(draft: Draft) -> Draft:
    """Insist on several entries for one platform. Clients take the first."""
    return changed(draft, allow_duplicates=True)


def find(draft: Draft, platform: Platform) -> tuple[Entry, ...]:
    """The kept rows that a person means by `linux/arm64`: exactly, else without regard to os.version."""
    named = [(entry, entry.platform) for entry in draft.images if entry.platform is not None]
    exact = tuple(entry for entry, theirs in named if theirs.same_as(platform))
    return exact or tuple(entry for entry, theirs in named if theirs.matches(platform))


def _same_slot(one: Entry, other: Entry) -> bool:
    if one.platform is None or other.platform is None or one.platform.is_unknown:
        return one.descriptor.digest == other.descriptor.digest and one.platform == other.platform
    return one.platform.same_as(other.platform)


def _verdict(was: Digest | None, now: Digest | None) -> EntryVerdict:
    if now is None:
        return EntryVerdict.GONE
    if was is None:
        return EntryVerdict.NEW
    return EntryVerdict.UNCHANGED if was == now else EntryVerdict.MOVED


def _swap(draft: Draft, row: Entry) -> Draft:
    return changed(draft, entries=tuple(row if entry.key == row.key else entry for entry in draft.entries))


def has(draft: Draft, entry: Entry) -> bool:
    """Whether the draft keeps this very image for this very platform."""
    return any(
        kept.descriptor.digest == entry.descriptor.digest and kept.platform == entry.platform for kept in draft.kept
    )


def _append(draft: Draft, entries: Iterable[Entry]) -> Draft:
    draft, named = draft.numbered(entries)
    return changed(draft, entries=draft.entries + named)


def _joined(draft: Draft, row: Entry, repeated: Entry) -> Draft:
    """The same image named twice: one row, with the annotations of both (the later one wins)."""
    annotations = dict(row.descriptor.annotations) | dict(repeated.descriptor.annotations)
    descriptor: Descriptor = changed(row.descriptor, annotations=annotations)
    now = repeated.descriptor.digest
    joined = changed(
        row, descriptor=descriptor, source=repeated.source or row.source, home=repeated.home or row.home, now=now
    )
    return _swap(draft, joined).with_messages(f"{row_name(row)} is in the list already.")


def _with_attestations(draft: Draft, subject: Digest, attestations: Sequence[Entry]) -> Draft:
    """Add the attestations of an image that is in the draft, those that it does not have yet."""
    missing = [entry for entry in attestations if not has(draft, entry)]
    if missing:
        draft = draft.with_messages(f"Added {plural(len(missing), 'attestation')} of {subject.short}.")
    return _append(draft, missing)


def _put_in_place(draft: Draft, old: Sequence[Entry], image: Entry, attestations: Sequence[Entry]) -> Draft:
    """The new image takes the first old row's place and annotations stay its own; attestations are exchanged too."""
    first, *doubles = old
    was = first.was or first.descriptor.digest
    now = image.descriptor.digest
    row = changed(image, key=first.key, was=was, now=now, verdict=_verdict(was, now))
    dropped = [entry for entry in draft.kept for one in old if entry.describes == one.descriptor.digest]
    kept_elsewhere = {entry.descriptor.digest for entry in draft.images if entry.key not in {one.key for one in old}}
    dropped = [entry for entry in dropped if entry.describes not in kept_elsewhere and entry.describes != now]
    fresh = [entry for entry in attestations if not has(draft, entry)]
    entries: list[Entry] = []
    taken = 0
    for entry in draft.entries:
        if entry.key == first.key:
            entries.append(row)
        elif entry.key in {one.key for one in doubles}:
            entries.append(changed(entry, verdict=EntryVerdict.REMOVED))
        elif entry.key in {one.key for one in dropped}:
            if taken < len(fresh):
                new = fresh[taken]
                before = entry.was or entry.descriptor.digest
                entries.append(changed(new, key=entry.key, was=before, verdict=_verdict(before, new.descriptor.digest)))
                taken += 1
            else:
                entries.append(changed(entry, verdict=EntryVerdict.REMOVED))
        else:
            entries.append(entry)
    draft = _append(changed(draft, entries=tuple(entries)), fresh[taken:])
    if was == now:
        message = f"{row_name(image)} is in the list already."
    else:
        message = f"Replaced {row_name(image)}: {was.short} → {now.short}"
        message += f", with its {plural(len(fresh), 'attestation')}" if fresh else ""
        left_over = len(dropped) - taken
        message += f"; {plural(left_over, 'attestation')} of the old image removed" if left_over > 0 else ""
        message += "."
    if doubles:
        message += f" {plural(len(doubles), 'other entry', 'other entries')} for the platform removed."
    return draft.with_messages(message)


def _annotated(annotations: Mapping[str, str], name: str, value: str | None) -> dict[str, str]:
    if not name:
        raise DraftError("An annotation needs a name (name=value).")
    result = dict(annotations)
    if value is None:
        result.pop(name, None)
    else:
        try:
            (name + value).encode()
        except UnicodeEncodeError:
            raise DraftError(f"The annotation {safe(name)} holds invalid characters.") from None
        result[name] = value
    return result


async def begin_amend(inspector: Inspector, target: Reference) -> Draft:
    """A draft of what the tag holds now, to be changed. A tag that holds a single image gives a list of that one.

    Raises ResolveError when there is no such tag, it may not be seen, or it holds nothing that can be amended.
    """
    home = RepositoryLocation.of(target)
    shown = safe(str(target))
    try:
        manifest = await read(inspector, home, target.tag or "latest", shown)
    except ResolveError as error:
        if error.presence is Presence.MISSING:
            sentence = f"{error.sentence} Nothing to amend: make a new list."
            raise ResolveError(sentence, error.presence) from None
        raise
    if isinstance(manifest, OpaqueManifest):
        raise ResolveError(f"{shown} cannot be amended: {manifest.reason}", Presence.MISMATCHED)
    if isinstance(manifest, Index):
        draft = from_index(target, manifest, home=home)
    else:
        resolved = await resolve(inspector, home.by_digest(manifest.digest))
        draft, entries = Draft(target, kind=DraftKind.AMEND).numbered(
            changed(entry, was=entry.now, verdict=EntryVerdict.UNCHANGED) for entry in resolved.entries
        )
        draft = changed(draft, entries=entries).with_messages(
            f"{shown} is a single image: the first entry of the new list."
        )
    return changed(draft, tag_known=True, tag_was=manifest.digest)


async def begin_new(
    inspector: Inspector, target: Reference, references: Sequence[str]
) -> tuple[Draft, tuple[ResolveError, ...]]:
    """A draft of what these references hold now, in their order, and why some of them gave nothing.

    A single reference to an index, with nothing nested in it, keeps the index's exact bytes as long as nothing is
    changed. Raises OciError for a malformed reference.
    """
    draft = Draft(target, kind=DraftKind.NEW)
    failed: list[ResolveError] = []
    resolved: list[Resolved] = []
    for each in await resolve_all(inspector, references):
        if isinstance(each, ResolveError):
            failed.append(each)
        else:
            resolved.append(each)
    if len(resolved) == 1 and not failed and resolved[0].index is not None and not resolved[0].nested:
        whole = from_index(target, resolved[0].index, kind=DraftKind.NEW)
        entries = tuple(
            changed(row, source=resolved[0].reference, home=resolved[0].home, was=None, verdict=EntryVerdict.NEW)
            for row in whole.entries
        )
        return changed(whole, entries=entries).with_messages("The index stays byte for byte the same."), ()
    every = [entry for each in resolved for entry in each.entries]
    draft = add(draft, every)
    return draft.with_messages(*(note for each in resolved for note in each.notes)), tuple(failed)


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that was marked for a new list: a reference (`ObjectLocation`, if it was seen in a source), and for a
    platform of an index what it hangs in.

    With `within` (the index), `digest` (the platform's image in it) and `home` (where the index is) the image
    keeps its platform, annotations and attestations as they stand in that index.
    """

    reference: str
    within: Index | None = None
    digest: Digest | None = None
    home: RepositoryLocation | None = None


async def begin_marked(
    inspector: Inspector, target: Reference, marks: Sequence[Mark]
) -> tuple[Draft, tuple[ResolveError, ...]]:
    """A draft of what was marked, in that order, and why some of it gave nothing. Raises OciError as `begin_new`."""
    if not any(mark.within is not None for mark in marks):
        return await begin_new(inspector, target, [mark.reference for mark in marks])
    draft = Draft(target, kind=DraftKind.NEW)
    failed: list[ResolveError] = []
    every: list[Entry] = []
    for mark in marks:
        if mark.within is not None and mark.digest is not None and mark.home is not None:
            every += _taken(mark.within, mark.digest, mark.home, mark.reference)
            continue
        try:
            resolved = await resolve(inspector, mark.reference)
        except ResolveError as error:
            failed.append(error)
            continue
        every += resolved.entries
        draft = draft.with_messages(*resolved.notes)
    return add(draft, every), tuple(failed)


def _taken(index: Index, digest: Digest, home: RepositoryLocation, reference: str) -> list[Entry]:
    """An image and its attestations, as an index names them."""
    return [
        Entry("", descriptor, source=reference, home=home, now=descriptor.digest)
        for descriptor in index.entries
        if digest in (descriptor.digest, attestation.reference_digest(descriptor))
    ]


async def add_reference(inspector: Inspector, draft: Draft, reference: str) -> Draft:
    """Add what a reference holds now. Raises ResolveError or OciError."""
    resolved = await resolve(inspector, reference)
    return add(draft, resolved.entries).with_messages(*resolved.notes)


async def replace_from(inspector: Inspector, draft: Draft, key: str, reference: str) -> Draft:
    """Put what a reference holds now in the place of a row; its source is that reference from then on.

    Raises ResolveError, OciError, or DraftError when the reference holds no image for the row.
    """
    resolved = await resolve(inspector, reference)
    draft = replace(draft, key, resolved.entries)
    row = changed(draft.entry(key), proposed=False, note="")
    return changed(draft, entries=tuple(row if entry.key == key else entry for entry in draft.entries))


async def flatten(inspector: Inspector, draft: Draft, key: str) -> Draft:
    """Put the images of an index inside the index in its place. Raises ResolveError or OciError."""
    row = draft.entry(key)
    home = row.home or RepositoryLocation.of(draft.target)
    resolved = await resolve(inspector, home.by_digest(row.descriptor.digest))
    position = draft.entries.index(row)
    draft, rows = draft.numbered(resolved.entries)
    inner: tuple[Entry, ...] = tuple(entry for entry in rows if not has(draft, entry))
    entries = (*draft.entries[:position], *inner, *draft.entries[position + 1 :])
    return changed(draft, entries=entries).with_messages(*resolved.notes)

"""Edits of a draft. Each takes a draft and gives a new one; what an edit does on the side is said in its messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace as changed

from tui.compose.draft import Draft, Entry, EntryVerdict, TypeChoice
from tui.compose.errors import DraftError
from tui.compose.validate import row_name
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.platform import Platform
from tui.oci.reference import Reference
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
        theirs = attestations.pop(image.descriptor.digest, [])
        there = [entry for entry in draft.images if _same_slot(entry, image)]
        double = next((entry for entry in there if entry.descriptor.digest == image.descriptor.digest), None)
        old = [entry for entry in there if entry.key in begun_with]
        if double is not None:
            draft = _joined(draft, double, image)
            draft = _with_attestations(draft, double.descriptor.digest, theirs)
        elif old:
            draft = _put_in_place(draft, old, image, theirs)
            begun_with -= {entry.key for entry in old}  # a second image for this platform is no replacement
        else:
            draft = _append(draft, [image, *theirs])
    orphans = [entry for group in attestations.values() for entry in group]
    return _append(draft, [entry for entry in orphans if not has(draft, entry)])


def replace(draft: Draft, key: str, entries: Sequence[Entry]) -> Draft:
    """Put what a reference holds in the place of this row, its attestations included.

    Raises DraftError when the reference holds several images and none of them is of the row's platform.
    """
    old = draft.entry(key)
    if old.is_attestation:
        raise DraftError("An attestation comes and goes with its image: replace that.")
    images = [entry for entry in entries if not entry.is_attestation]
    matching = [entry for entry in images if _same_slot(old, entry)]
    chosen = matching or images
    if len(chosen) != 1:
        held = ", ".join(row_name(entry) for entry in images) or "no image"
        raise DraftError(f"{row_name(old)} cannot be replaced from there: it holds {held}.")
    image = chosen[0]
    theirs = [entry for entry in entries if entry.describes == image.descriptor.digest]
    return _put_in_place(draft, [old], image, theirs)


def remove(draft: Draft, key: str) -> Draft:
    """Take a row out, and the attestations of its image with it. The rows stay in sight as `removed`."""
    gone = draft.entry(key)
    along = () if gone.is_attestation else draft.attestations_of(gone.descriptor.digest)
    still = [entry for entry in draft.images if entry.key != key and entry.descriptor.digest == gone.descriptor.digest]
    keys = {key} | (set() if still else {entry.key for entry in along})
    entries = tuple(
        changed(entry, verdict=EntryVerdict.REMOVED) if entry.key in keys else entry for entry in draft.entries
    )
    said = f"Removed {row_name(gone)}"
    if len(keys) > 1:
        said += f" and its {plural(len(keys) - 1, 'attestation')}"
    return changed(draft, entries=entries).said(said + ".")


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
    place = max(0, min(position, len(others)))
    return changed(draft, entries=(*others[:place], row, *others[place:]))


def edit_platform(draft: Draft, key: str, platform: Platform | None) -> Draft:
    """Say another platform for a row (all fields: os, architecture, variant, os.version, os.features)."""
    row = draft.entry(key)
    if row.is_attestation:
        raise DraftError("An attestation has no platform of its own: it is unknown/unknown on purpose.")
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


def allow_duplicates(draft: Draft, allow: bool = True) -> Draft:
    """Insist on several entries for one platform. Clients take the first."""
    return changed(draft, allow_duplicates=allow)


def find(draft: Draft, wanted: str) -> tuple[Entry, ...]:
    """The kept rows that a person means by `linux/arm64` or by a digest: exactly, else without regard to os.version.

    Raises OciError when it is neither a platform nor a digest.
    """
    if wanted.startswith(("sha256:", "sha512:")):
        digest = Digest.parse(wanted)
        return tuple(entry for entry in draft.kept if entry.descriptor.digest == digest)
    platform = Platform.parse(wanted)
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


def _joined(draft: Draft, row: Entry, again: Entry) -> Draft:
    """The same image named twice: one row, with the annotations of both (the later one wins)."""
    annotations = dict(row.descriptor.annotations) | dict(again.descriptor.annotations)
    descriptor: Descriptor = changed(row.descriptor, annotations=annotations)
    now = again.descriptor.digest
    joined = changed(
        row, descriptor=descriptor, source=again.source or row.source, home=again.home or row.home, now=now
    )
    return _swap(draft, joined).said(f"{row_name(row)} is in the list already, unchanged.")


def _with_attestations(draft: Draft, subject: Digest, theirs: Sequence[Entry]) -> Draft:
    """Add the attestations of an image that is in the draft, those that it does not have yet."""
    missing = [entry for entry in theirs if not has(draft, entry)]
    if missing:
        draft = draft.said(f"Added {plural(len(missing), 'attestation')} of {subject.short}.")
    return _append(draft, missing)


def _put_in_place(draft: Draft, old: Sequence[Entry], image: Entry, theirs: Sequence[Entry]) -> Draft:
    """The new image takes the first old row's place and annotations stay its own; attestations are exchanged too."""
    first, *doubles = old
    was = first.was or first.descriptor.digest
    now = image.descriptor.digest
    row = changed(image, key=first.key, was=was, now=now, verdict=_verdict(was, now))
    dropped = [entry for entry in draft.kept for one in old if entry.describes == one.descriptor.digest]
    kept_elsewhere = {entry.descriptor.digest for entry in draft.images if entry.key not in {one.key for one in old}}
    dropped = [entry for entry in dropped if entry.describes not in kept_elsewhere and entry.describes != now]
    fresh = [entry for entry in theirs if not has(draft, entry)]
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
        said = f"{row_name(image)} is in the list already, unchanged."
    else:
        said = f"Replaced {row_name(image)}: it was {was.short}, it is {now.short} now"
        said += f", with its {plural(len(fresh), 'attestation')}" if fresh else ""
        gone = len(dropped) - taken
        said += f"; {plural(gone, 'attestation')} of the old image removed" if gone > 0 else ""
        said += "."
    if doubles:
        said += f" {plural(len(doubles), 'other entry', 'other entries')} for the platform removed."
    return draft.said(said)


def _annotated(annotations: Mapping[str, str], name: str, value: str | None) -> dict[str, str]:
    if not name:
        raise DraftError("An annotation needs a name (name=value).")
    held = dict(annotations)
    if value is None:
        held.pop(name, None)
    else:
        try:
            (name + value).encode()
        except UnicodeEncodeError:
            raise DraftError(f"The annotation {safe(name)} holds characters that are no text.") from None
        held[name] = value
    return held

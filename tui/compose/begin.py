"""How drafts begin: from the index a tag holds, from references, from what is marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tui.compose import amend
from tui.compose.bench import Bench
from tui.compose.draft import Draft, DraftKind, Entry, EntryVerdict, from_index
from tui.compose.errors import ResolveError
from tui.compose.home import Home
from tui.compose.resolve import Resolved, read, resolve, resolve_all
from tui.oci import attestation
from tui.oci.digest import Digest
from tui.oci.manifest import Index, OpaqueManifest
from tui.oci.reference import Reference
from tui.sources.presence import Presence
from tui.text import safe


async def begin_amend(bench: Bench, target: Reference) -> Draft:
    """A draft of what the tag holds now, to be changed. A tag that holds a single image gives a list of that one.

    Raises ResolveError when there is no such tag, it may not be seen, or it holds nothing that can be amended.
    """
    home = Home.of(target)
    shown = safe(str(target))
    try:
        manifest = await read(bench, home, target.tag or "latest", shown)
    except ResolveError as error:
        if error.presence is Presence.MISSING:
            sentence = f"{error.sentence} There is nothing to amend: make a new list."
            raise ResolveError(sentence, error.presence) from None
        raise
    if isinstance(manifest, OpaqueManifest):
        raise ResolveError(f"{shown} cannot be amended: {manifest.reason}", Presence.MISMATCHED)
    if isinstance(manifest, Index):
        draft = from_index(target, manifest, home=home)
    else:
        resolved = await resolve(bench, home.by_digest(manifest.digest))
        draft, entries = Draft(target, kind=DraftKind.AMEND).numbered(
            replace(entry, was=entry.now, verdict=EntryVerdict.UNCHANGED) for entry in resolved.entries
        )
        draft = replace(draft, entries=entries).said(f"{shown} holds a single image; the new list has it as its first.")
    return replace(draft, tag_known=True, tag_was=manifest.digest)


async def begin_new(
    bench: Bench, target: Reference, references: Sequence[str]
) -> tuple[Draft, tuple[ResolveError, ...]]:
    """A draft of what these references hold now, in their order, and why some of them gave nothing.

    A single reference to an index, with nothing nested in it, keeps the index's exact bytes as long as nothing is
    changed. Raises OciError for a malformed reference.
    """
    draft = Draft(target, kind=DraftKind.NEW)
    failed: list[ResolveError] = []
    found: list[Resolved] = []
    for each in await resolve_all(bench, references):
        if isinstance(each, ResolveError):
            failed.append(each)
        else:
            found.append(each)
    if len(found) == 1 and not failed and found[0].index is not None and not found[0].nested:
        whole = from_index(target, found[0].index, kind=DraftKind.NEW)
        entries = tuple(
            replace(row, source=found[0].reference, home=found[0].home, was=None, verdict=EntryVerdict.NEW)
            for row in whole.entries
        )
        return replace(whole, entries=entries).said("The index is taken over as it is, byte for byte."), ()
    every = [entry for each in found for entry in each.entries]
    draft = amend.add(draft, every)
    return draft.said(*(note for each in found for note in each.notes)), tuple(failed)


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that was marked for a new list: a reference (`Pinned`, if it was seen in a source), and for a
    platform of an index what it hangs in.

    With `within` (the index), `digest` (the platform's image in it) and `home` (where the index is) the image
    keeps its platform, annotations and attestations as they stand in that index.
    """

    reference: str
    within: Index | None = None
    digest: Digest | None = None
    home: Home | None = None


async def begin_marked(
    bench: Bench, target: Reference, marks: Sequence[Mark]
) -> tuple[Draft, tuple[ResolveError, ...]]:
    """A draft of what was marked, in that order, and why some of it gave nothing. Raises OciError as `begin_new`."""
    if not any(mark.within is not None for mark in marks):
        return await begin_new(bench, target, [mark.reference for mark in marks])
    draft = Draft(target, kind=DraftKind.NEW)
    failed: list[ResolveError] = []
    every: list[Entry] = []
    for mark in marks:
        if mark.within is not None and mark.digest is not None and mark.home is not None:
            every += _taken(mark.within, mark.digest, mark.home, mark.reference)
            continue
        try:
            resolved = await resolve(bench, mark.reference)
        except ResolveError as error:
            failed.append(error)
            continue
        every += resolved.entries
        draft = draft.said(*resolved.notes)
    return amend.add(draft, every), tuple(failed)


def _taken(index: Index, digest: Digest, home: Home, reference: str) -> list[Entry]:
    """An image and its attestations, as an index names them."""
    return [
        Entry("", descriptor, source=reference, home=home, now=descriptor.digest)
        for descriptor in index.entries
        if digest in (descriptor.digest, attestation.reference_digest(descriptor))
    ]


async def add_reference(bench: Bench, draft: Draft, reference: str) -> Draft:
    """Add what a reference holds now. Raises ResolveError or OciError."""
    resolved = await resolve(bench, reference)
    return amend.add(draft, resolved.entries).said(*resolved.notes)


async def replace_from(bench: Bench, draft: Draft, key: str, reference: str) -> Draft:
    """Put what a reference holds now in the place of a row; its source is that reference from then on.

    Raises ResolveError, OciError, or DraftError when the reference holds no image for the row.
    """
    resolved = await resolve(bench, reference)
    draft = amend.replace(draft, key, resolved.entries)
    row = replace(draft.entry(key), proposed=False, note="")
    return replace(draft, entries=tuple(row if entry.key == key else entry for entry in draft.entries))


async def flatten(bench: Bench, draft: Draft, key: str) -> Draft:
    """Put the images of an index inside the index in its place. Raises ResolveError or OciError."""
    row = draft.entry(key)
    home = row.home or Home.of(draft.target)
    resolved = await resolve(bench, home.by_digest(row.descriptor.digest))
    place = draft.entries.index(row)
    draft, rows = draft.numbered(resolved.entries)
    inner: tuple[Entry, ...] = tuple(entry for entry in rows if not amend.has(draft, entry))
    entries = (*draft.entries[:place], *inner, *draft.entries[place + 1 :])
    return replace(draft, entries=entries).said(*resolved.notes)

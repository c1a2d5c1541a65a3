"""What stops a draft before anything is asked of a registry, and what is only worth saying."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tui.compose.draft import Draft, DraftKind, Entry, EntryVerdict
from tui.oci import media
from tui.oci.strict_json import MANIFEST_LIMIT
from tui.text import plural, safe, size, with_keys

#: So many rows are named in one sentence.
_NAMED = 8


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a draft or plan."""

    code: str
    text: str
    """What, where, and what to do about it. Safe text; a key stands in it as `{key:ACTION}`."""
    stops: bool = True
    """Whether it must be fixed before a push."""
    keys: tuple[str, ...] = ()
    """The draft's rows that it is about."""
    offer: str = ""
    """What a front end can offer at once: `oci-type` (choose the OCI type), `accept-tag` (go on although the tag was
    moved), or ""."""
    undetermined: bool = False
    """Whether it could not be found out (denied, unreachable), as opposed to known to be wrong."""

    @property
    def message(self) -> str:
        """The text with the usual keys, for whatever has none of its own."""
        return with_keys(self.text)


def problems(draft: Draft) -> tuple[Problem, ...]:
    """Everything that is wrong with the draft itself, worst first."""
    every = [*_target(draft), *_rows(draft), *_platforms(draft), *_attestations(draft), *_type(draft), *_bytes(draft)]
    return tuple(sorted(every, key=lambda problem: not problem.stops))


def row_name(entry: Entry) -> str:
    """How messages call a row: its platform, else its digest. Safe text."""
    if entry.is_attestation:
        about = entry.describes
        return f"the attestation of {about.short}" if about is not None else "an attestation"
    if entry.platform is not None and not entry.platform.is_unknown:
        return safe(str(entry.platform))
    return entry.descriptor.digest.short


def _target(draft: Draft) -> Iterator[Problem]:
    if draft.target.digest is not None:
        yield Problem(
            "target-has-digest",
            f"{safe(str(draft.target))} is a digest, not a tag. Name a tag, such as {safe(draft.target.name)}:latest.",
        )
    elif draft.target.tag is None:
        yield Problem("target-without-tag", f"{safe(str(draft.target))} names no tag. Name the tag to push to.")


def _rows(draft: Draft) -> Iterator[Problem]:
    if not draft.images:
        yield Problem("empty", "The draft is empty. Add at least one image.")
    if draft.kind is DraftKind.LOCAL:
        # Its entries are by digest and are pushed as they were stored; the plan looks whether their objects are there.
        yield from _stored_rows(draft)
        return
    for entry in draft.kept:
        if entry.verdict is EntryVerdict.GONE:
            where = f" at {safe(entry.source)}" if entry.source else ""
            yield Problem(
                "gone",
                f"{row_name(entry)} is gone: no image found{where}. Replace it from another reference, or remove it.",
                keys=(entry.key,),
            )
        elif entry.verdict is EntryVerdict.UNKNOWN:
            yield Problem(
                "unknown",
                f"Could not check {row_name(entry)}: {entry.note}",
                keys=(entry.key,),
                undetermined=True,
            )


def _stored_rows(draft: Draft) -> Iterator[Problem]:
    """What is not, or may not be, what the references of a stored list hold now: `docker manifest push` pushes it
    without a word."""
    old = [entry for entry in draft.kept if entry.now != entry.descriptor.digest and not entry.is_attestation]
    stale = [entry for entry in old if entry.verdict is not EntryVerdict.UNKNOWN]
    if stale:
        shown = ", ".join(f"{row_name(entry)} ({_stored_and_now(entry)})" for entry in stale[:_NAMED])
        more = f" and {len(stale) - _NAMED} more" if len(stale) > _NAMED else ""
        yield Problem(
            "stale",
            f"Stale list: pushing it pushes the old images, as docker manifest push does: "
            f"{shown}{more}. {{key:recreate}} on the list updates it from its references.",
            stops=False,
            keys=tuple(entry.key for entry in stale),
        )
    for entry in old:
        if entry.verdict is EntryVerdict.UNKNOWN:
            yield Problem(
                "unknown",
                f"Could not check whether {row_name(entry)} is stale. {entry.note}",
                stops=False,
                keys=(entry.key,),
                undetermined=True,
            )


def _stored_and_now(entry: Entry) -> str:
    source = safe(entry.source) if entry.source else "its source"
    now = f"is {entry.now.short} now" if entry.now is not None else "is gone"
    return f"{source} {now}, the list holds {entry.descriptor.digest.short}"


def _platforms(draft: Draft) -> Iterator[Problem]:
    first_of: dict[object, Entry] = {}
    for entry in draft.images:
        platform = entry.platform
        if media.is_index(entry.descriptor.media_type):
            yield Problem(
                "nested-index",
                f"{row_name(entry)} is a nested index: docker manifest cannot read it. "
                "Replace it from its reference to use its images.",
                stops=False,
                keys=(entry.key,),
            )
            continue
        if platform is None or platform.is_unknown:
            yield Problem(
                "no-platform",
                f"{row_name(entry)} names no platform, so clients cannot choose it. Set one.",
                stops=False,
                keys=(entry.key,),
            )
            continue
        name = platform.normalised()
        if name in first_of:
            first = first_of[name]
            same = first.descriptor.digest == entry.descriptor.digest
            yield Problem(
                "duplicate-platform",
                f"{safe(str(platform))} is in the list twice"
                + (" with the same image" if same else "")
                + f" ({_from(first)} and {_from(entry)}). Clients use the first. Remove one.",
                stops=not draft.allow_duplicates,
                keys=(first.key, entry.key),
            )
        else:
            first_of[name] = entry


def _from(entry: Entry) -> str:
    return safe(entry.source) if entry.source else entry.descriptor.digest.short


def _attestations(draft: Draft) -> Iterator[Problem]:
    images = {entry.descriptor.digest for entry in draft.images}
    for entry in draft.kept:
        if entry.describes is not None and entry.describes not in images:
            yield Problem(
                "orphan-attestation",
                f"{row_name(entry)} describes an image outside this list. Remove it, or add the image.",
                stops=False,
                keys=(entry.key,),
            )


def _type(draft: Draft) -> Iterator[Problem]:
    if draft.media_type != media.DOCKER_LIST or draft.is_untouched:
        return
    if draft.annotations:
        yield Problem(
            "docker-annotations",
            "A Docker manifest list cannot hold annotations, and this one has "
            f"{plural(len(draft.annotations), 'annotation')}. "
            "Choose the OCI type to keep them (--type oci), or remove them.",
            offer="oci-type",
        )
    annotated = tuple(entry for entry in draft.kept if entry.descriptor.annotations)
    if annotated:
        yield Problem(
            "docker-annotations",
            "A Docker manifest list cannot hold annotations of its entries, and "
            f"{', '.join(row_name(entry) for entry in annotated[:5])} {'has' if len(annotated) == 1 else 'have'} some"
            + (" (an attestation needs them)" if any(entry.is_attestation for entry in annotated) else "")
            + ". Choose the OCI type to keep them (--type oci), or remove them.",
            keys=tuple(entry.key for entry in annotated),
            offer="oci-type",
        )
    foreign = tuple(entry for entry in draft.kept if not media.is_docker(entry.descriptor.media_type))
    if foreign:
        yield Problem(
            "mixed-media-types",
            f"A Docker manifest list with OCI manifests in it ({', '.join(row_name(entry) for entry in foreign[:5])}): "
            "some registries and clients refuse the mix. The OCI type holds both.",
            stops=False,
            keys=tuple(entry.key for entry in foreign),
            offer="oci-type",
        )


def _bytes(draft: Draft) -> Iterator[Problem]:
    try:
        length = len(draft.to_bytes())
    except UnicodeEncodeError:
        yield Problem("not-unicode", "An annotation or platform field holds invalid characters (lone surrogates).")
        return
    if length > MANIFEST_LIMIT:
        yield Problem(
            "too-large",
            f"The index would be {size(length)}; registries take at most {size(MANIFEST_LIMIT)}. "
            "Remove entries or annotations.",
        )

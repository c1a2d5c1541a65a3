"""Recreate: where each entry of a list came from, what is there now, and a fresh draft of it.

Sources are known from Docker's local list (`Ref`) or the journal; else they are proposed from the repository's
tags: a tag that points at the entry's digest, else one that is named after the list's tag and the platform. An entry
of which nothing tells where it came from is taken as it is, and the row says so: that it did not change says nothing.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tui.compose import edit
from tui.compose.draft import Draft, DraftKind, Entry, EntryVerdict, from_index
from tui.compose.errors import DraftError, ResolveError
from tui.compose.resolve import resolve, tag_head, tag_heads
from tui.explore.inspector import Inspector
from tui.explore.tag_guesses import machine_names, proposals, repository_spellings
from tui.oci import media
from tui.oci.digest import Digest
from tui.oci.errors import OciError
from tui.oci.manifest import Index
from tui.oci.reference import Reference
from tui.sources.base import SourceError
from tui.sources.location import RepositoryLocation
from tui.sources.presence import Presence
from tui.sources.spec import locate
from tui.text import plural, safe

#: At most so many tags are asked for what they point to, and so many repositories beside the list's own tried.
TAG_LIMIT, REPOSITORY_LIMIT = 64, 12
#: Tags whose names tell nothing are asked so many at a time, until each entry has its own.
_AT_ONCE = 16
_OF_REFERRERS = re.compile(r"sha(256|512)-[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Hint:
    """Where an entry may have come from. `proposed`: a guess; `note` (safe) says why."""

    reference: str
    proposed: bool
    note: str = ""
    digest: Digest | None = None
    """What the reference pointed to a moment ago, when that was asked to make the guess: it is not asked again."""


async def recreate(
    inspector: Inspector,
    target: Reference,
    index: Index,
    home: RepositoryLocation,
    *,
    known: Mapping[Digest, str] | None = None,
    sources: Mapping[Digest, str] | None = None,
    propose: bool = True,
    tag_known: bool = True,
    progress: Callable[[str], None] | None = None,
) -> Draft:
    """A draft for `target` in which every image is what its source holds now. Raises only CancelledError.

    `index` is the list as it is (in `home`); `sources` are certain (Docker's list, or chosen by a person),
    `known` what the journal remembers. Rows whose source is gone are `gone`, those that could not be asked
    `unknown`; a row without any source is looked for by its own digest."""
    tell = progress or (lambda _text: None)
    draft = from_index(target, index, home=home, kind=DraftKind.RECREATE)
    if tag_known:
        draft = replace(draft, tag_known=True, tag_was=index.digest)
    hints: dict[Digest, Hint] = {}
    for digest, reference in (known or {}).items():
        if reference != home.by_digest(digest):  # its own digest in its own repository is no source: it never moves
            hints[digest] = Hint(reference, False, "from the journal of pushes")
    for digest, reference in (sources or {}).items():
        hints[digest] = Hint(reference, False)
    looked = ""
    without = [entry for entry in draft.images if entry.descriptor.digest not in hints]
    if without and propose and not home.on_disk:
        tell("finding the source tags of the entries")
        proposed, looked = await propose_sources(inspector, target, without)
        hints |= proposed
    rows = list(draft.images)
    questions = (_now(inspector, entry, hints.get(entry.descriptor.digest), home) for entry in rows)
    answers = await asyncio.gather(*questions)
    for entry, answer in zip(rows, answers, strict=True):
        draft = _apply(draft, entry, hints.get(entry.descriptor.digest), answer, looked)
        tell(f"{safe(str(entry.platform or entry.descriptor.digest.short))}: {draft.entry(entry.key).verdict}")
    return draft


async def propose_sources(
    inspector: Inspector, target: Reference, entries: Iterable[Entry]
) -> tuple[dict[Digest, Hint], str]:
    """A source for each entry that one can be guessed for, from the tags of the list's repository and those beside it;
    and why not all tags were looked at ("" when they were, or were not needed).

    Tags that are named after the list come first. The others are asked only while an entry has neither a tag that
    points at it nor one that is named after it."""
    home = RepositoryLocation.of(target)
    tags, looked = await _tags(inspector, home)
    wanted = [entry for entry in entries if entry.platform is not None and not entry.platform.is_unknown]
    named: dict[str, list[str]] = {}
    for entry in wanted:
        if entry.platform is not None:
            named[entry.key] = [each.tag for each in proposals(target.tag or "latest", entry.platform, tags)]
    others = [tag for tag in tags if tag != target.tag]
    start = (target.tag or "latest").lower()
    kin = [tag for tag in others if start in tag.lower()]
    likely = list(dict.fromkeys([*(tag for each in named.values() for tag in each), *kin]))[:TAG_LIMIT]
    heads = await tag_heads(inspector, home, likely)
    hints: dict[Digest, Hint] = {}

    def point() -> None:
        digests = {tag: head.digest for tag, head in heads.items() if head is not None}
        for entry in wanted:
            digest = entry.descriptor.digest
            spelled = [tag for tag in named[entry.key] if tag in digests]
            pointing = next((tag for tag in (*spelled, *digests) if digests[tag] == digest), None)
            if pointing is not None:
                note = "proposed: this tag points at the entry"
                away = [tag for tag in spelled if digests[tag] != digest]
                if away:
                    note += f"; {safe(away[0])} is another image"
                hints.setdefault(digest, Hint(home.at(pointing), True, note, digest))
            elif spelled:
                note = "proposed: named after the list and the platform"
                hints.setdefault(digest, Hint(home.at(spelled[0]), True, note, digests[spelled[0]]))

    point()
    far = _likely_first([tag for tag in others if tag not in heads], wanted)
    while far and len(heads) < TAG_LIMIT and any(entry.descriptor.digest not in hints for entry in wanted):
        some = far[: min(_AT_ONCE, TAG_LIMIT - len(heads))]
        far = far[len(some) :]
        heads |= await tag_heads(inspector, home, some)
        point()
    for entry in wanted:
        if entry.descriptor.digest not in hints:
            beside = await _beside(inspector, target, entry)
            if beside is not None:
                hints[entry.descriptor.digest] = beside
    if far and not looked:
        looked = f"checked {len(heads)} of the repository's {plural(len(others), 'other tag')}"
    return hints, looked


def _likely_first(tags: Sequence[str], entries: Sequence[Entry]) -> list[str]:
    """Tags that name the platform of an entry before those that name none; not those that other tools keep for
    referrers (`sha256-…`), which never hold an image."""
    machines = {name for entry in entries if entry.platform is not None for name in machine_names(entry.platform)}
    kept = [tag for tag in tags if not _OF_REFERRERS.match(tag)]
    return sorted(kept, key=lambda tag: not any(name in tag.lower() for name in machines))


async def _beside(inspector: Inspector, target: Reference, entry: Entry) -> Hint | None:
    """The same tag in a repository beside the list's own, such as `app/arm64` for `app`."""
    if entry.platform is None or target.tag is None:
        return None
    names = list(repository_spellings(target.repository, entry.platform))[:REPOSITORY_LIMIT]
    homes = [RepositoryLocation(name, target.registry) for name in names]
    heads = await asyncio.gather(*(tag_head(inspector, home, target.tag) for home in homes))
    for home, head in zip(homes, heads, strict=True):
        if head is not None:
            note = "proposed: the platform's own repository beside this one"
            return Hint(home.at(target.tag), True, note, head.digest)
    return None


async def _tags(inspector: Inspector, home: RepositoryLocation) -> tuple[Sequence[str], str]:
    """The repository's tags, and why they are not all of them."""
    names: list[str] = []
    try:
        async for page in inspector.source(home).tags(home.repository):
            names += page.names
    except SourceError:
        return names, "the repository's tags could not be listed" + (" to the end" if names else "")
    return names, ""


async def _now(
    inspector: Inspector, entry: Entry, hint: Hint | None, home: RepositoryLocation
) -> tuple[Entry, ...] | ResolveError:
    """What the row's source holds now, or why that is not known."""
    if hint is None:
        # Nothing says where it came from: is it still there by its digest?
        location = entry.home or home
        observation = await inspector.presence(location, entry.descriptor)
        if observation.presence.is_there:
            return ()
        sentence = f"No source is known, and by its digest it is {observation.presence} ({observation.detail})."
        return ResolveError(sentence, observation.presence)
    try:
        if hint.digest == entry.descriptor.digest and not media.is_index(entry.descriptor.media_type):
            # The tag points at this very image: there is nothing to read that the list does not say.
            return (replace(entry, key="", source=hint.reference, home=locate(hint.reference)[0]),)
        return (await resolve(inspector, hint.reference, hint.digest)).entries
    except ResolveError as error:
        return error
    except OciError as error:
        return ResolveError(str(error), Presence.MISMATCHED)


def _apply(draft: Draft, row: Entry, hint: Hint | None, answer: tuple[Entry, ...] | ResolveError, looked: str) -> Draft:
    source = hint.reference if hint is not None else None
    proposed = hint.proposed if hint is not None else False
    note = hint.note if hint is not None else ""
    if isinstance(answer, ResolveError):
        verdict = EntryVerdict.UNKNOWN if answer.undetermined else EntryVerdict.GONE
        note = answer.sentence if not note else f"{answer.sentence} ({note})"
        lost = replace(row, source=source or row.source, proposed=proposed, now=None, verdict=verdict, note=note)
        return _set(draft, lost)
    if not answer:
        note = "source unknown; kept as is" + (f" ({looked})" if looked else "")
        return _set(draft, replace(row, source=None, note=note))
    try:
        changed = edit.replace(draft, row.key, answer)
    except DraftError as error:
        gone = replace(row, source=source, proposed=proposed, now=None, verdict=EntryVerdict.GONE, note=error.sentence)
        return _set(draft, gone)
    fresh = changed.entry(row.key)
    if fresh.now == row.was:
        # The same image: the descriptor stays as it stood in the list, annotations and all.
        fresh = replace(fresh, descriptor=row.descriptor)
        changed = replace(changed, messages=draft.messages)
    elif row.platform is not None and fresh.platform is not None and not row.platform.same_as(fresh.platform):
        note = "; ".join(filter(None, (note, f"the list said {row.platform}, the image says {fresh.platform}")))
    return _set(changed, replace(fresh, source=source, proposed=proposed, note=note))


def _set(draft: Draft, row: Entry) -> Draft:
    return replace(draft, entries=tuple(row if entry.key == row.key else entry for entry in draft.entries))

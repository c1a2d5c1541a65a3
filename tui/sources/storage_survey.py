"""What a storage folder says beyond single objects: tags and their history, what nothing names, and how it compares
with the registry that is running on it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from tui.oci import media
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.errors import MalformedDigest, OciError
from tui.oci.manifest import VIEW_LIMIT, AnyManifest, ImageManifest, Index, decode
from tui.oci.reference import is_tag
from tui.sources.base import Source, SourceError
from tui.sources.presence import Observation, Presence
from tui.sources.storage import StorageSource, parse_link
from tui.sources.storage_disk import LINK_LIMIT, blob_parts, tag_parts
from tui.text import plural, safe

#: Objects compared with a live registry, and tags and revisions looked at, at most.
MOST_OBJECTS, MOST_TAGS, MOST_REVISIONS = 5_000, 20_000, 20_000
#: Questions at once to that registry.
SLOTS = 8


@dataclass(frozen=True, slots=True)
class TagState:
    """A tag on disk."""

    name: str
    digest: Digest | None
    """What it points to; None when its link holds no digest."""
    readable: bool
    """Whether that manifest can be read here."""
    history: tuple[tuple[Digest, bool], ...] = ()
    """What it has pointed to before, and whether that can still be read."""


@dataclass(frozen=True, slots=True)
class StorageSurvey:
    """A repository on disk."""

    repository: str
    tags: tuple[TagState, ...]
    revisions: int
    """How many manifests are linked into it."""
    unnamed: tuple[Digest, ...]
    """Manifests that no tag and no index names: what a garbage collection of untagged manifests takes."""
    dangling: tuple[Digest, ...]
    """Links whose bytes are gone."""
    holes: tuple[tuple[Digest, str], ...]
    """Digests that manifests name and that are not readable here, with the reason."""

    def lines(self) -> tuple[str, ...]:
        """The survey in sentences, for the screen; safe."""
        broken = [tag for tag in self.tags if not tag.readable]
        moved = [tag for tag in self.tags if len(tag.history) > 1]
        sentences = [
            f"{safe(self.repository)}: {plural(len(self.tags), 'tag')}, {plural(self.revisions, 'manifest')} linked.",
        ]
        sentences += [
            f"The tag {safe(tag.name)} points to {tag.digest or 'no digest'}, which is not readable." for tag in broken
        ]
        sentences += [f"{digest} cannot be read: {why}." for digest, why in self.holes]
        sentences += [f"The link to {digest} dangles: its bytes are gone." for digest in self.dangling]
        sentences += [
            f"{digest} has no tag, and no index names it: a clean-up of untagged manifests takes it."
            for digest in self.unnamed
        ]
        for tag in moved:
            before = [f"{digest}{'' if there else ' (gone)'}" for digest, there in tag.history if digest != tag.digest]
            sentences.append(f"The tag {safe(tag.name)} pointed elsewhere before: {', '.join(before)}.")
        return tuple(sentences)


@dataclass(frozen=True, slots=True)
class ComparedObject:
    """One object on the disk and in the running registry."""

    repository: str
    what: str
    digest: Digest | None
    disk: Observation
    live: Observation
    meaning: str
    """A safe sentence; "" where both agree."""

    @property
    def agrees(self) -> bool:
        return not self.meaning


async def survey(source: StorageSource, repository: str) -> StorageSurvey:
    """Everything that can be said of one repository without hashing. Raises SourceError."""
    return await source.run(lambda: _survey(source, repository), repository)


def _survey(source: StorageSource, repository: str) -> StorageSurvey:
    revisions = source.revisions(repository)[:MOST_REVISIONS]
    readable: dict[Digest, bool] = {}
    named: set[Digest] = set()
    holes: dict[Digest, str] = {}
    for digest in revisions:
        manifest = _read(source, repository, digest)
        readable[digest] = manifest is not None
        for below in _below(manifest):
            named.add(below.digest)
            seen = source.observe(repository, below)
            if seen.presence in (Presence.MISSING, Presence.MISMATCHED):
                holes[below.digest] = seen.detail
    tags = tuple(_tag(source, repository, name, readable) for name in _tag_names(source, repository))
    named |= {tag.digest for tag in tags if tag.digest is not None}
    return StorageSurvey(
        repository,
        tags,
        len(revisions),
        unnamed=tuple(digest for digest in revisions if digest not in named),
        dangling=tuple(_dangling(source, repository, revisions)),
        holes=tuple(sorted(holes.items())),
    )


def _tag_names(source: StorageSource, repository: str) -> list[str]:
    names = source.folder.folders(tag_parts(repository))
    return [name for name in names if is_tag(name)][:MOST_TAGS]


def _tag(source: StorageSource, repository: str, name: str, readable: dict[Digest, bool]) -> TagState:
    content = source.folder.read(tag_parts(repository, name, "current", "link"), LINK_LIMIT)
    digest = parse_link(content) if content is not None else None
    history = []
    for algorithm in source.folder.folders(tag_parts(repository, name, "index")):
        for encoded in source.folder.folders(tag_parts(repository, name, "index", algorithm)):
            try:
                former = Digest(f"{algorithm}:{encoded}")
            except MalformedDigest:
                continue  # not named by a digest: nothing that this tag has pointed to
            history.append((former, readable.get(former, False)))
    return TagState(name, digest, digest is not None and readable.get(digest, False), tuple(history))


def _dangling(source: StorageSource, repository: str, revisions: Iterable[Digest]) -> Iterator[Digest]:
    for digest in revisions:
        if source.folder.size(blob_parts(digest)) is None:
            yield digest
    above = ("repositories", *repository.split("/"), "_layers")
    for algorithm in source.folder.folders(above):
        for encoded in source.folder.folders((*above, algorithm)):
            content = source.folder.read((*above, algorithm, encoded, "link"), LINK_LIMIT)
            target = parse_link(content) if content is not None else None
            if target is not None and source.folder.size(blob_parts(target)) is None:
                yield target


def _read(source: StorageSource, repository: str, digest: Digest) -> AnyManifest | None:
    seen = source.look(repository, digest, manifest=True)
    raw = (
        source.folder.read(blob_parts(seen.digest or digest), VIEW_LIMIT) if seen.presence is Presence.PRESENT else None
    )
    try:
        return decode(raw, digest=digest) if raw is not None else None
    except OciError:
        return None


def _below(manifest: AnyManifest | None) -> tuple[Descriptor, ...]:
    if isinstance(manifest, Index):
        return manifest.entries
    if isinstance(manifest, ImageManifest):
        return tuple(each for each in (manifest.config, *manifest.layers) if each is not None)
    return ()


# Against the registry that is running


async def compare_with(source: StorageSource, live: Source, repository: str) -> tuple[ComparedObject, ...]:
    """One repository on the disk and in the live registry: its tags, and every object that they lead to, each once.

    Raises SourceError when the disk cannot be read; what the registry does not answer is in the rows.
    """
    names = await source.run(lambda: _tag_names(source, repository), repository)
    gate = asyncio.Semaphore(SLOTS)
    rows: list[ComparedObject] = []
    seen: dict[Digest, Descriptor] = {}
    for name in names:
        disk = await _ask(source, repository, name)
        async with gate:
            served = await _ask(live, repository, name)
        rows.append(_row(repository, f"tag {safe(name)}", disk, served))
        if disk.digest is not None:
            await source.run(partial(_collect, source, repository, disk.digest, seen), repository)

    async def one(descriptor: Descriptor) -> ComparedObject:
        disk = await source.probe(repository, descriptor)
        async with gate:
            served = await live.probe(repository, descriptor, fresh=True)
        kind = "manifest" if media.is_manifest(descriptor.media_type) else "blob"
        return _row(repository, kind, disk, served, descriptor.digest)

    rows += await asyncio.gather(*(one(descriptor) for descriptor in seen.values()))
    return tuple(rows)


async def _ask(source: Source, repository: str, tag: str) -> Observation:
    try:
        descriptor = await source.resolve(repository, tag)
    except SourceError as error:
        return error.observation()
    return Observation(Presence.PRESENT, str(descriptor.digest), digest=descriptor.digest)


def _collect(source: StorageSource, repository: str, digest: Digest, seen: dict[Digest, Descriptor]) -> None:
    waiting = [digest]
    while waiting and len(seen) < MOST_OBJECTS:
        manifest = _read(source, repository, waiting.pop())
        if manifest is not None and manifest.digest not in seen:
            seen[manifest.digest] = manifest.descriptor()
        for below in _below(manifest):
            if below.digest not in seen and len(seen) < MOST_OBJECTS:
                seen[below.digest] = below
                if media.is_manifest(below.media_type):
                    waiting.append(below.digest)


def _row(
    repository: str, what: str, disk: Observation, live: Observation, digest: Digest | None = None
) -> ComparedObject:
    return ComparedObject(repository, what, digest or disk.digest or live.digest, disk, live, _meaning(disk, live))


def _meaning(disk: Observation, live: Observation) -> str:
    if live.presence.unanswered:
        return f"No usable answer from the registry{f': {live.detail}' if live.detail else ''}".rstrip(".") + "."
    if disk.presence is Presence.PRESENT and live.presence is Presence.PRESENT:
        if disk.digest is not None and live.digest is not None and disk.digest != live.digest:
            return f"They differ: {disk.digest} on the disk, {live.digest} in the registry. It runs on another folder?"
        return ""
    if disk.presence is live.presence:
        return ""
    if live.presence is Presence.PRESENT:
        return (
            f"Present by the registry, missing on disk ({disk.detail}): the registry answers from memory. "
            "After a restart it will be missing, and reading fails."
        )
    if disk.presence is Presence.PRESENT:
        return (
            "It is on the disk, and the registry does not serve it: it runs on another folder, or remembers an older "
            "state."
        )
    return f"The disk says {disk.presence.value}, the registry {live.presence.value}."

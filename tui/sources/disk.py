"""Images in files: OCI image layouts, in a folder or in a tar of one, and what all such sources have in common.

Content lies under its digest and is verified when it is read (OCI image-spec, image-layout.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tui.oci import media, strict_json
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest, digest_or_name
from tui.oci.errors import DigestMismatch, MalformedDocument
from tui.oci.manifest import AnyManifest, ImageManifest, Index, decode
from tui.oci.reference import Reference
from tui.oci.strict_json import MANIFEST_LIMIT
from tui.registry.page import Page
from tui.sources.base import DISK_SLOTS, Capabilities, SourceError, SourceKind
from tui.sources.files import Files, Folder
from tui.sources.location import PREFIXES, RepositoryLocation, object_text, place_text
from tui.sources.presence import Observation, Presence, compare
from tui.text import safe

REF_NAME = "org.opencontainers.image.ref.name"
#: What containerd and `docker save` add: the whole name, where ref.name is only the tag.
FULL_NAME = "io.containerd.image.name"


@dataclass(slots=True)
class Contents:
    """What an image folder or archive names."""

    tags: dict[str, dict[str, Descriptor]] = field(default_factory=dict)
    """By repository, then by tag."""
    made: dict[Digest, tuple[bytes, str]] = field(default_factory=dict)
    """Manifests that were made up from what is there, with their types: a docker-archive has none of its own."""
    blobs: dict[Digest, str] = field(default_factory=dict)
    """The files of blobs that lie elsewhere than in `blobs/`."""
    note: str = ""
    """A safe sentence for the reader of the list."""


class DiskSource:
    """A read-only source over `Files`. `contents_of` finds what is named there and where content lies."""

    registry: str | None = None
    can_write = False
    why_ask_first = ""
    slots = DISK_SLOTS
    why_read_only = "Files on disk are read-only. Copy the image to a registry instead."
    requests = 0

    def __init__(self, files: Files, contents_of: Callable[[Files], Contents], kind: SourceKind) -> None:
        """Raises what `contents_of` raises, the files closed."""
        try:
            self._contents = contents_of(files)
        except SourceError:
            files.close()
            raise
        self._files = files
        self.kind = kind
        # What `docker save` writes has no index that could list them.
        self.capabilities = Capabilities(referrers=kind != "docker-archive", on_disk=True)

    @property
    def title(self) -> str:
        return f"{PREFIXES[self.kind]}:{self._files.title}"

    @property
    def path(self) -> Path:
        return self._files.path

    @property
    def place(self) -> str:
        """The same with its kind, as it is written on the command line: `oci:/tmp/layout`."""
        return place_text(self.kind, self._files.path)

    async def repositories(self) -> AsyncIterator[Page]:
        yield Page(tuple(self._contents.tags), True, self._contents.note)

    async def tags(self, repository: str) -> AsyncIterator[Page]:
        yield Page(tuple(self._named(repository)), True)

    def _named(self, repository: str) -> dict[str, Descriptor]:
        tags = self._contents.tags.get(repository)
        if tags is None:
            where = safe(repository, limit=255) or "An image"
            raise SourceError(
                Presence.MISSING, f"{where} is not in {self.title}.", code="no such name", repository_unknown=True
            )
        return tags

    def _path(self, digest: Digest) -> str:
        return self._contents.blobs.get(digest, f"blobs/{digest.algorithm}/{digest.encoded}")

    async def manifest(self, repository: str, selector: str, *, fresh: bool = False) -> AnyManifest:
        descriptor = await self.resolve(repository, selector)
        digest = descriptor.digest
        synthetic = self._contents.made.get(digest)
        raw, media_type = synthetic or (await asyncio.to_thread(self._read_manifest, digest), descriptor.media_type)
        try:
            return decode(raw, media_type, digest=digest)
        except DigestMismatch as error:
            raise SourceError(Presence.MISMATCHED, str(error), code="digest-mismatch", raw=raw) from None
        except MalformedDocument as error:
            raise SourceError(Presence.MISMATCHED, str(error), code="invalid-manifest", raw=raw) from None

    def _read_manifest(self, digest: Digest) -> bytes:
        return self._files.read(self._path(digest), MANIFEST_LIMIT)

    async def resolve(self, repository: str, selector: str) -> Descriptor:
        named = self._named(repository)
        descriptor = named.get(selector)
        if descriptor is not None:
            return descriptor
        if ":" in selector:
            digest = Digest.parse(selector)
            size = await asyncio.to_thread(self._size, digest)
            if size is not None:
                return Descriptor(self._contents.made.get(digest, (b"", ""))[1], digest, size)
        raise SourceError(
            Presence.MISSING, f"{safe(selector, limit=160)} is not in {self.title}.", code="no such tag or digest"
        )

    def _size(self, digest: Digest) -> int | None:
        synthetic = self._contents.made.get(digest)
        return len(synthetic[0]) if synthetic is not None else self._files.size(self._path(digest))

    async def probe(
        self, repository: str, descriptor: Descriptor, *, fresh: bool = False, confirm: bool = True
    ) -> Observation:
        try:
            self._named(repository)
            size = await asyncio.to_thread(self._size, descriptor.digest)
        except SourceError as error:
            return error.observation()
        if size is None:
            presence = Presence.FOREIGN if descriptor.is_foreign else Presence.MISSING
            return Observation(presence, detail=f"no file {self._path(descriptor.digest)}", confirmed=True)
        return compare(descriptor, Observation(Presence.PRESENT, size=size, confirmed=True))

    async def blob(self, repository: str, descriptor: Descriptor, *, limit: int) -> bytes:
        self._named(repository)
        data = await asyncio.to_thread(self._files.read, self._path(descriptor.digest), limit)
        _verify(descriptor.digest, data, self.title)
        return data

    @asynccontextmanager
    async def stream(
        self, repository: str, descriptor: Descriptor, *, verify: bool = True
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        self._named(repository)
        digest = descriptor.digest
        synthetic = self._contents.made.get(digest)
        pieces = iter([synthetic[0]]) if synthetic is not None else self._files.chunks(self._path(digest))

        async def chunks() -> AsyncIterator[bytes]:
            hasher = digest.hasher() if verify and digest.can_verify else None
            while (piece := await asyncio.to_thread(_next, pieces)) is not None:
                if hasher is not None:
                    hasher.update(piece)
                yield piece
            if hasher is not None and hasher.hexdigest() != digest.encoded:
                raise _corrupt(digest, self.title)

        yield chunks()

    async def stamp(self, repository: str, descriptor: Descriptor) -> Hashable:
        self._named(repository)
        if descriptor.digest in self._contents.made:
            return descriptor.digest
        return await asyncio.to_thread(self._files.stamp, self._path(descriptor.digest))

    async def referrers(self, repository: str, digest: Digest) -> tuple[Descriptor, ...]:
        """Manifests named in the layout whose `subject` is this digest (image-spec: a layout lists them so)."""
        referring = []
        for selector, descriptor in self._named(repository).items():
            try:
                manifest = await self.manifest(repository, selector)
            except SourceError:
                continue  # one that cannot be read is an entry of its own, with its own error
            subject = manifest.subject
            if isinstance(manifest, Index | ImageManifest) and subject is not None and subject.digest == digest:
                referring.append(descriptor)
        return tuple(referring)

    def reference(self, repository: str, *, tag: str | None = None, digest: Digest | None = None) -> str:
        named = self._contents.tags.get(repository, {}).get(tag or "")
        known = named.digest if named is not None else None
        return object_text(self.place, repository, tag=tag, digest=digest, known=known)

    def location(self, repository: str) -> RepositoryLocation:
        return RepositoryLocation(repository, None, self.place)

    def pushed_as(self, repository: str, tag: str) -> Reference | None:
        return None

    async def aclose(self) -> None:
        self._files.close()


def _next(pieces: Iterator[bytes]) -> bytes | None:
    return next(pieces, None)


def _verify(digest: Digest, data: bytes, title: str) -> None:
    if digest.can_verify and not digest.matches(data):
        raise _corrupt(digest, title)


def _corrupt(digest: Digest, title: str) -> SourceError:
    return SourceError(
        Presence.MISMATCHED,
        f"The content of {digest.short} in {title} does not match its digest.",
        code="digest-mismatch",
    )


def open_layout(path: Path) -> DiskSource:
    """The layout in a folder. Raises SourceError when there is none."""
    return DiskSource(Folder(path), read_layout, "oci-layout")


def read_layout(files: Files) -> Contents:
    """What a layout names: one unnamed repository, whose tags are the entries' names, or their digests.

    Raises SourceError naming the file that is wrong.
    """
    _check_header(files)
    try:
        raw = files.read("index.json", MANIFEST_LIMIT)
        index = decode(raw, media.OCI_INDEX)
    except MalformedDocument as error:
        raise _broken(files, f"its index.json is malformed ({error})") from None
    except SourceError as error:
        if error.presence is Presence.MISSING:
            raise _broken(files, "it has no index.json") from None
        raise
    if not isinstance(index, Index):
        raise _broken(files, "its index.json is not an index")
    return Contents({"": _names(index.entries)})


def _check_header(files: Files) -> None:
    try:
        header = strict_json.loads(files.read("oci-layout", 64 * 1024))
    except SourceError as error:
        if error.presence is Presence.MISSING:
            raise _broken(files, "it has no file oci-layout") from None
        raise
    except MalformedDocument as error:
        raise _broken(files, f"its file oci-layout is malformed ({error})") from None
    version = header.get("imageLayoutVersion") if isinstance(header, dict) else None
    if not isinstance(version, str) or not version.startswith("1."):
        raise _broken(files, "its layout version is not 1.x")


def _names(entries: tuple[Descriptor, ...]) -> dict[str, Descriptor]:
    named: dict[str, Descriptor] = {}
    for entry in entries:
        name = entry.annotations.get(REF_NAME) or entry.annotations.get(FULL_NAME) or str(entry.digest)
        if digest_or_name(name) is not None:
            name = str(entry.digest)  # a name that is the digest of something else would be asked for in its place
        # Two entries of one name: the first keeps it, the others are named by their digests.
        named.setdefault(name if name not in named else str(entry.digest), entry)
    return named


def _broken(files: Files, why: str) -> SourceError:
    return SourceError(
        Presence.UNREACHABLE, f"{files.title} is not an OCI layout: {why}.", code="no-layout", fix="Check the path."
    )

"""Docker's local manifest lists as a source (`docker-manifests:`): what is stored, held against what the registry
has.

The folder holds the lists and their entries' manifests; what is below those is asked of the registry that each entry
came from, because that is where `docker manifest push` would need it.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tui.oci import attestation, media
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.errors import OciError
from tui.oci.manifest import AnyManifest, Index, decode
from tui.oci.reference import Reference
from tui.registry.client import Client
from tui.registry.page import Page
from tui.sources.base import DISK_SLOTS, Capabilities, SourceError
from tui.sources.docker_lists import DockerLists, LocalEntry, StoredList, default_folder
from tui.sources.location import RepositoryLocation, place_text
from tui.sources.presence import Observation, Presence
from tui.sources.registry import RegistrySource
from tui.text import safe

#: A check asks about each blob of a list: its files are not read again for each, within so many seconds.
_HOLD = 2.0
#: So many indexes at most are read to see what one reference holds.
_INDEXES = 16


@dataclass(frozen=True, slots=True)
class Compared:
    """One reference now, against what the stored list says of it."""

    reference: Reference
    was: Digest
    """What is stored."""
    now: Digest | None
    """What the registry holds under the reference; None with presence missing: nothing any more. If that is an index,
    it is the image in it for an entry: the stored one if it is there, else the one for its platform, else the index."""
    presence: Presence
    sentence: str
    """Says both, safe."""

    @property
    def stale(self) -> bool:
        """Whether the registry certainly says something else."""
        return self.presence is Presence.MISSING or (self.now is not None and self.now != self.was)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A stored list against the registry."""

    entries: tuple[Compared, ...]
    """What its entries were made of."""
    pushed: Compared | None
    """The list's own tag; None when its name is not known."""

    @property
    def stale(self) -> bool:
        """Whether any entry is not what its reference holds now."""
        return any(entry.stale for entry in self.entries)


class DockerManifests:
    """The source. A list whose name can be told is `repository:tag`; another is its folder's name, tag `stored`."""

    kind: Literal["docker-manifests"] = "docker-manifests"
    registry: str | None = None
    can_write = True
    why_ask_first = "its objects are checked in registries"
    slots = DISK_SLOTS
    why_read_only = ""

    def __init__(self, folder: Path | None = None, client: Client | None = None) -> None:
        """`folder` is Docker's config folder or the `manifests` folder in it; None: Docker's own."""
        manifests = default_folder() if folder is None else folder
        if folder is not None and folder.name != "manifests" and not os.path.islink(folder / "manifests"):
            inner = folder / "manifests"
            manifests = inner if os.path.isdir(inner) or not any(folder.glob("*/*")) else folder
        self.path = self.folder = manifests
        self.lists = DockerLists(manifests)
        self.capabilities = Capabilities(
            referrers=False, holds_its_objects=False, names_with_registry=True, stored_lists=self
        )
        self._client = client
        self._registries: dict[str, RegistrySource] = {}
        self._stored: dict[tuple[str, str], str] = {}
        self._compared: dict[tuple[str, str], Comparison] = {}
        self._entries_read: dict[str, tuple[float, list[LocalEntry]]] = {}

    @property
    def title(self) -> str:
        return f"Docker's manifest lists in {safe(str(self.folder))}"

    @property
    def requests(self) -> int:
        return self._client.trace.count if self._client is not None else 0

    # names

    async def _all(self) -> list[tuple[str, str, str]]:
        """(repository, tag, folder) of every list."""

        def read() -> list[tuple[str, str, str]]:
            return [(*listed_as(stored), stored.folder) for stored in self.lists.every()]

        try:
            lists = await asyncio.to_thread(read)
        except OSError as error:
            raise _failed(error, str(self.folder)) from None
        self._stored.update({(repository, tag): folder for repository, tag, folder in lists})
        return lists

    async def repositories(self) -> AsyncIterator[Page]:
        lists = await self._all()
        yield Page(tuple(dict.fromkeys(repository for repository, _tag, _folder in lists)), True)

    async def tags(self, repository: str) -> AsyncIterator[Page]:
        lists = await self._all()
        yield Page(tuple(dict.fromkeys(tag for name, tag, _folder in lists if name == repository)), True)

    async def stored(self, repository: str, tag: str) -> StoredList:
        """The list behind a repository and tag of this source. Raises SourceError."""
        folder = self._stored.get((repository, tag))
        if folder is None:
            await self._all()
            folder = self._stored.get((repository, tag))
        if folder is None:
            raise SourceError(Presence.MISSING, f"Docker stores no manifest list {safe(repository)}:{safe(tag)}.")
        try:
            return await asyncio.to_thread(self.lists.read, folder)
        except OSError as error:
            raise _failed(error, folder) from None

    async def _entries(self, repository: str) -> list[LocalEntry]:
        """The entries of every list that goes by this repository, read anew after a moment.

        Raises SourceError when none of them can be read.
        """
        remembered = self._entries_read.get(repository)
        if remembered is not None and time.monotonic() - remembered[0] < _HOLD:
            return remembered[1]
        if not any(name == repository for name, _tag in self._stored):
            await self._all()
        entries: list[LocalEntry] = []
        unread: SourceError | None = None
        for name, tag in list(self._stored):
            if name == repository:
                try:
                    entries += (await self.stored(name, tag)).entries
                except SourceError as error:
                    if error.presence is not Presence.MISSING:
                        unread = error
        if not entries and unread is not None:
            raise unread  # what a list that cannot be read names is not known, and not missing
        self._entries_read[repository] = (time.monotonic(), entries)
        return entries

    # objects

    async def manifest(self, repository: str, selector: str, *, fresh: bool = False) -> AnyManifest:
        if ":" not in selector:
            stored = await self.stored(repository, selector)
            if not stored.entries:
                why = f": {stored.strays[0][1]}" if stored.strays else ""
                raise SourceError(Presence.MISSING, f"The stored list {stored.label} has no entries{why}.")
            raw, media_type = stored.pushed()
            return decode(raw, media_type)
        for entry in await self._entries(repository):
            if entry.descriptor.digest == selector:
                manifest = entry.manifest()
                if manifest is not None:
                    return manifest
                if entry.raw is not None:
                    raise SourceError(
                        Presence.MISMATCHED, f"The manifest stored in {safe(entry.file)} is not {safe(selector)}."
                    )
        home, registry = await self._home(repository, Digest.parse(selector))
        return await registry.manifest(home, selector, fresh=fresh)

    async def resolve(self, repository: str, selector: str) -> Descriptor:
        return (await self.manifest(repository, selector)).descriptor()

    async def probe(
        self, repository: str, descriptor: Descriptor, *, fresh: bool = False, confirm: bool = True
    ) -> Observation:
        try:
            home, registry = await self._home(repository, descriptor.digest)
        except SourceError as error:
            return error.observation()
        return await registry.probe(home, descriptor, fresh=fresh, confirm=confirm)

    async def blob(self, repository: str, descriptor: Descriptor, *, limit: int) -> bytes:
        home, registry = await self._home(repository, descriptor.digest)
        return await registry.blob(home, descriptor, limit=limit)

    @asynccontextmanager
    async def stream(
        self, repository: str, descriptor: Descriptor, *, verify: bool = True
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        home, registry = await self._home(repository, descriptor.digest)
        async with registry.stream(home, descriptor, verify=verify) as chunks:
            yield chunks

    async def stamp(self, repository: str, descriptor: Descriptor) -> Hashable:
        return None

    async def referrers(self, repository: str, digest: Digest) -> tuple[Descriptor, ...]:
        home, registry = await self._home(repository, digest)
        return await registry.referrers(home, digest)

    def reference(self, repository: str, *, tag: str | None = None, digest: Digest | None = None) -> str:
        text = f"{repository}:{tag}" if tag else repository
        return f"{text}@{digest}" if digest else text

    def location(self, repository: str) -> RepositoryLocation:
        return RepositoryLocation(repository, None, place_text(self.kind, self.folder))

    def pushed_as(self, repository: str, tag: str) -> Reference | None:
        # Where nobody can tell what a list was made for, its folder's name stands there, which has no "/".
        return Reference.parse(f"{repository}:{tag}") if "/" in repository else None

    async def _home(self, repository: str, digest: Digest) -> tuple[str, RegistrySource]:
        """The repository in a registry where this object belongs: that of the entry which names it."""
        first: LocalEntry | None = None
        for entry in await self._entries(repository):
            first = first or entry
            if entry.descriptor.digest == digest or (entry.raw is not None and str(digest).encode() in entry.raw):
                return entry.reference.repository, self._registry(entry.reference.registry)
        if first is None:
            raise SourceError(Presence.MISSING, f"No stored list of {safe(repository)} names {digest.short}.")
        return first.reference.repository, self._registry(first.reference.registry)

    def _registry(self, name: str) -> RegistrySource:
        if self._client is None:
            raise SourceError(Presence.UNREACHABLE, f"Cannot check {safe(name)}: no registry client is open.")
        return self._registries.setdefault(name, RegistrySource(self._client, name))

    # against the registry

    async def compare(self, repository: str, tag: str) -> Comparison:
        """Ask the registry what each entry's reference holds now, and the list's own tag: one HEAD each, and an index
        that an entry's tag holds is read.

        Raises SourceError when there is no such list; what could not be asked is in the comparison.
        """
        stored = await self.stored(repository, tag)
        entries = await asyncio.gather(
            *(self._compare(each.reference, each.descriptor.digest, each.descriptor) for each in stored.entries)
        )
        pushed: Compared | None = None
        if stored.name is not None and stored.entries:
            pushed = await self._compare(stored.name, decode(*stored.pushed()).digest)
        comparison = Comparison(tuple(entries), pushed)
        self._compared[repository, tag] = comparison
        return comparison

    def compared(self, repository: str, tag: str) -> Comparison | None:
        """What `compare` found last."""
        return self._compared.get((repository, tag))

    async def _compare(self, reference: Reference, was: Digest, entry: Descriptor | None = None) -> Compared:
        """`entry` is looked for in an index under the reference: images are unwrapped from those."""
        shown = safe(str(reference))
        if reference.digest is not None:
            return Compared(reference, was, reference.digest, Presence.PRESENT, f"{shown} is named by its digest.")
        try:
            registry = self._registry(reference.registry)
            head = await registry.resolve(reference.repository, reference.selector)
            now = head.digest
            if entry is not None and now != was and media.is_index(head.media_type):
                inside = await self._inside(registry, reference.repository, head.digest)
                now = _image_in(inside, entry) or head.digest
        except SourceError as error:
            if error.presence is Presence.MISSING:
                sentence = f"{shown} is gone from the registry; the stored list still says {was.short}."
            else:
                sentence = f"Could not check {shown}: {error.sentence}"
            return Compared(reference, was, None, error.presence, sentence)
        except OciError as error:
            return Compared(reference, was, None, Presence.MISMATCHED, f"{shown}: {error}")
        if now == was:
            if head.digest != was:
                sentence = f"{shown} is an index, {head.digest.short}, with {was.short} in it."
                return Compared(reference, was, now, Presence.PRESENT, sentence)
            return Compared(reference, was, now, Presence.PRESENT, f"{shown} is still {was.short}.")
        sentence = f"{shown} is {now.short} now; the stored list still says {was.short}."
        return Compared(reference, was, now, Presence.PRESENT, sentence)

    async def _inside(self, registry: RegistrySource, repository: str, digest: Digest) -> list[Descriptor]:
        """What is in an index and the indexes in it; one that is gone holds nothing. Raises SourceError, OciError."""
        images: list[Descriptor] = []
        waiting, read = [digest], set[Digest]()
        while waiting and len(read) < _INDEXES:
            one = waiting.pop(0)
            read.add(one)
            try:
                manifest = await registry.manifest(repository, str(one))
            except SourceError as error:
                if error.presence is not Presence.MISSING:
                    raise
                continue
            for part in manifest.entries if isinstance(manifest, Index) else ():
                if not media.is_index(part.media_type):
                    images.append(part)
                elif part.digest not in read and part.digest not in waiting:
                    waiting.append(part.digest)
        return images

    async def aclose(self) -> None:
        """Nothing is held open; the client belongs to whoever made it."""


def _image_in(inside: list[Descriptor], entry: Descriptor) -> Digest | None:
    """What takes an entry's place: itself, else the one image of its platform, else the only image there is."""
    if any(part.digest == entry.digest for part in inside):
        return entry.digest
    images = [part for part in inside if not attestation.is_attestation(part)]
    same = [
        part
        for part in images
        if part.platform is not None and entry.platform is not None and part.platform.same_as(entry.platform)
    ]
    chosen = same or images
    return chosen[0].digest if len(chosen) == 1 else None


def listed_as(stored: StoredList) -> tuple[str, str]:
    """The repository and tag that a list goes by in this source."""
    if stored.name is None or stored.name.tag is None:
        return stored.folder, "stored"
    return stored.name.name, stored.name.tag


def open_local_lists(folder: Path | None, client: Client | None = None) -> DockerManifests:
    """The source for `docker-manifests:[PATH]`. Docker's own folder, or the `manifests` of a config folder, may not
    be there yet: it is empty then, as for docker. Any other path must be a folder. Raises SourceError."""
    if folder is not None and not _may_stand(folder):
        why = "it is not a folder" if os.path.exists(folder) else "no such folder, or no permission"
        raise SourceError(
            Presence.UNREACHABLE,
            f"{safe(str(folder))} cannot be read: {why}.",
            code="unreadable",
            fix="Give Docker's config folder (~/.docker), or the folder manifests in it.",
        )
    return DockerManifests(folder, client)


def _may_stand(folder: Path) -> bool:
    return os.path.isdir(folder) or (folder.name == "manifests" and os.path.isdir(folder.parent))


def _failed(error: OSError, what: str) -> SourceError:
    if isinstance(error, FileNotFoundError):
        return SourceError(Presence.MISSING, f"No manifest list in {safe(what)}.")
    return SourceError(Presence.DENIED, f"{safe(what)} cannot be read: {error.strerror or error}.", code="unreadable")

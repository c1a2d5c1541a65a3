"""A registry's storage folder as a source (`storage:PATH`): what is on the disk, told apart more finely than HTTP can.

Over HTTP, "gone" and "on the disk but not linked into this repository" are both 404. Here they are not: all bytes lie
once below `blobs/`, and a repository sees only what it has a link file for (distribution, registry/storage/paths.go,
linkedblobstore.go). Strictly read-only.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal, TypeVar

from tui.oci import media
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.errors import DigestMismatch, MalformedDigest, OciError
from tui.oci.manifest import VIEW_LIMIT, AnyManifest, decode
from tui.oci.reference import Reference, is_repository, is_tag
from tui.registry.page import Page
from tui.sources.base import DISK_SLOTS, Capabilities, SourceError
from tui.sources.files import unreadable
from tui.sources.location import RepositoryLocation, object_text, place_text
from tui.sources.presence import Observation, Presence
from tui.sources.storage_disk import (
    LINK_LIMIT,
    Refused,
    StorageFolder,
    blob_parts,
    find_root,
    link_parts,
    tag_parts,
)
from tui.text import safe

_PAGE = 1000
_DEEPEST = 32
_MOST_REPOSITORIES = 100_000
#: Revisions read when looking for referrers, and the bytes read of each.
_MOST_REVISIONS, _REVISION_LIMIT = 2_000, 1 << 20

T = TypeVar("T")


class StorageSource:
    """A storage folder, read straight from disk. `path` is the folder that holds `blobs` and `repositories`."""

    kind: Literal["storage"] = "storage"
    registry: str | None = None
    can_write = False
    why_ask_first = ""
    slots = DISK_SLOTS
    why_read_only = "A storage folder is read-only: change it through its registry."
    requests = 0

    def __init__(self, path: Path | str) -> None:
        """Raises SourceError when there is no storage folder at `path`."""
        given = Path(path)
        try:
            root = find_root(given)
        except OSError as error:
            raise _failed(error, str(given)) from error
        if root is None:
            if not given.exists():
                raise unreadable(safe(str(given)), "No such file or directory")
            raise SourceError(
                Presence.UNREACHABLE,
                f"{safe(str(given))} is not a registry's storage folder: it has neither blobs nor repositories below "
                "docker/registry/v2.",
                code="not-a-storage-folder",
                fix="Give the folder that the registry's configuration calls storage.filesystem.rootdirectory.",
            )
        self.path = root
        self.capabilities = Capabilities(on_disk=True, storage=self)
        self.title = safe(f"storage:{given}")
        self.place = place_text("storage", given)
        self.folder = StorageFolder(root)
        self._referrers: dict[str, dict[str, tuple[Descriptor, ...]]] = {}

    # Lists

    async def repositories(self) -> AsyncIterator[Page]:
        names = await self.run(self.repository_names)
        for start in range(0, max(len(names), 1), _PAGE):
            yield Page(names[start : start + _PAGE], start + _PAGE >= len(names))

    async def tags(self, repository: str) -> AsyncIterator[Page]:
        names = await self.run(lambda: self.folder.folders(tag_parts(repository)), repository)
        good = tuple(name for name in names if is_tag(name))
        note = "" if len(good) == len(names) else "Folders whose names cannot be tags were left out."
        for start in range(0, max(len(good), 1), _PAGE):
            yield Page(good[start : start + _PAGE], start + _PAGE >= len(good), note)

    def repository_names(self) -> tuple[str, ...]:
        """All repositories, sorted. Blocking. A folder is one if it holds `_manifests` or `_layers`."""
        repositories: list[str] = []
        waiting: list[tuple[str, ...]] = [()]
        while waiting and len(repositories) < _MOST_REPOSITORIES:
            above = waiting.pop()
            names = self.folder.folders(("repositories", *above))
            if above and ("_manifests" in names or "_layers" in names) and is_repository("/".join(above)):
                repositories.append("/".join(above))
            if len(above) < _DEEPEST:
                waiting.extend((*above, name) for name in names if not name.startswith("_"))
        return tuple(sorted(repositories))

    # Manifests

    async def manifest(self, repository: str, selector: str, *, fresh: bool = False) -> AnyManifest:
        if fresh:
            self._referrers.pop(repository, None)
        return await self.run(lambda: self.read_manifest(repository, selector), repository)

    async def resolve(self, repository: str, selector: str) -> Descriptor:
        return (await self.manifest(repository, selector)).descriptor()

    def read_manifest(self, repository: str, selector: str) -> AnyManifest:
        """Blocking. Raises SourceError, and OSError for trouble with the disk."""
        _check_repository(repository)
        digest = self._digest_of(repository, selector)
        seen = self.look(repository, digest, manifest=True)
        if seen.presence is not Presence.PRESENT:
            by_tag = ":" not in selector
            sentence = (
                f"The tag {safe(selector)} points to {digest}, not readable: {seen.detail}."
                if by_tag
                else f"{digest} is not readable in {safe(repository)}: {seen.detail}."
            )
            raise SourceError(seen.presence, sentence, code=_code(seen), fix=_fix(seen), detail=seen.detail)
        target = seen.digest or digest
        raw = self.folder.read(blob_parts(target), VIEW_LIMIT)
        if raw is None:
            raise SourceError(Presence.MISSING, f"{target} was removed during reading.", code="data-gone")
        try:
            return decode(raw, digest=target)
        except DigestMismatch as error:
            raise SourceError(
                Presence.MISMATCHED, str(error), code="damaged", fix="The bytes on the disk changed: push it again."
            ) from error
        except OciError as error:
            raise SourceError(Presence.MISMATCHED, str(error), code="invalid-manifest") from error

    def _digest_of(self, repository: str, selector: str) -> Digest:
        if ":" in selector:
            try:
                return Digest(selector)
            except MalformedDigest as error:
                raise SourceError(Presence.MISMATCHED, str(error), code="digest-invalid") from error
        if not is_tag(selector):
            raise SourceError(Presence.MISSING, f"{safe(selector)} cannot be a tag.", code="tag-invalid")
        content = self.folder.read(tag_parts(repository, selector, "current", "link"), LINK_LIMIT)
        if content is None:
            raise SourceError(
                Presence.MISSING, f"{safe(repository)} has no tag {safe(selector)} on this disk.", code="tag-unknown"
            )
        digest = parse_link(content)
        if digest is None:
            raise SourceError(
                Presence.MISMATCHED,
                f"The tag {safe(selector)} holds no digest but {_shown(content)}.",
                code="wrong-link",
            )
        return digest

    # Presence

    async def probe(
        self, repository: str, descriptor: Descriptor, *, fresh: bool = False, confirm: bool = True
    ) -> Observation:
        try:
            return await self.run(lambda: self.observe(repository, descriptor), repository)
        except SourceError as error:
            return error.observation()

    def observe(self, repository: str, descriptor: Descriptor) -> Observation:
        """Blocking. What the disk says of one object, and whether its size is what its descriptor says."""
        _check_repository(repository)
        seen = self.look(repository, descriptor.digest, manifest=media.is_manifest(descriptor.media_type))
        if seen.presence is Presence.MISSING and descriptor.is_foreign:
            return replace(seen, presence=Presence.FOREIGN, detail="a foreign layer, not stored in registries")
        if seen.presence is Presence.PRESENT and seen.size != descriptor.size:
            said = f"{seen.size:,} bytes on the disk, {descriptor.size:,} in the descriptor"
            empty = "the file is empty; " if seen.size == 0 else ""
            return replace(seen, presence=Presence.MISMATCHED, detail=f"{empty}{said}")
        return seen

    def look(self, repository: str, digest: Digest, *, manifest: bool) -> Observation:
        """Blocking. Follow the link of one digest in one repository to its bytes (protocol: link, then data)."""
        parts = link_parts(repository, digest, manifest=manifest)
        content = self.folder.read(parts, LINK_LIMIT)
        if content is None:
            return self._unlinked(repository, digest, parts)
        target = parse_link(content)
        if target is None:
            return Observation(Presence.MISMATCHED, f"the link holds no digest but {_shown(content)}", confirmed=True)
        if target.algorithm == digest.algorithm and target != digest:
            return Observation(
                Presence.MISMATCHED, f"the link names another digest: {target}", digest=target, confirmed=True
            )
        size = self.folder.size(blob_parts(target))
        if size is None:
            return Observation(Presence.MISSING, "linked, but its bytes are gone: the link dangles", confirmed=True)
        # A blob that was pushed under sha512 is stored under sha256, and its link says so.
        note = "linked, bytes present" if target == digest else f"linked to {target}, bytes present"
        return Observation(Presence.PRESENT, note, size=size, digest=target, confirmed=True)

    def _unlinked(self, repository: str, digest: Digest, parts: tuple[str, ...]) -> Observation:
        left = " (an empty folder is left of a link that was deleted)" if self.folder.has_folder(parts[:-1]) else ""
        size = self.folder.size(blob_parts(digest))
        if size is None:
            return Observation(Presence.MISSING, f"gone: neither linked nor in the store{left}", confirmed=True)
        others = self.linked_by(digest, leave_out=repository)
        where = f" from {safe(others[0])}" if others else ""
        return Observation(
            Presence.MISSING,
            f"in the store, not linked into this repository{left}: a mount{where} would fix it"
            if others
            else f"in the store, but no repository links it{left}: only a manifest that names it keeps it from garbage "
            "collection",
            size=size,
            confirmed=True,
        )

    def linked_by(self, digest: Digest, *, leave_out: str = "") -> tuple[str, ...]:
        """Blocking. The repositories that link a digest, as blob or as manifest."""
        return tuple(
            name
            for name in self.repository_names()
            if name != leave_out
            and any(self.folder.size(link_parts(name, digest, manifest=kind)) is not None for kind in (False, True))
        )

    # Bytes

    async def blob(self, repository: str, descriptor: Descriptor, *, limit: int) -> bytes:
        def read() -> bytes:
            target = self._readable(repository, descriptor)
            raw = self.folder.read(blob_parts(target), limit)
            if raw is None:
                raise SourceError(Presence.MISSING, f"{target} was removed during reading.", code="data-gone")
            if len(raw) > limit:
                raise SourceError(
                    Presence.PRESENT,
                    f"{target} is larger than {limit:,} bytes.",
                    code="too-large",
                )
            if target.can_verify and not target.matches(raw):
                raise _damaged(target)
            return raw

        return await self.run(read, repository)

    @asynccontextmanager
    async def stream(
        self, repository: str, descriptor: Descriptor, *, verify: bool = True
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        target = await self.run(lambda: self._readable(repository, descriptor), repository)
        yield self._chunks(target, verify)

    async def stamp(self, repository: str, descriptor: Descriptor) -> Hashable:
        target = await self.run(lambda: self._readable(repository, descriptor), repository)
        return await self.run(lambda: self.folder.stamp(blob_parts(target)), repository)

    async def _chunks(self, target: Digest, verify: bool) -> AsyncIterator[bytes]:
        hasher = target.hasher() if verify and target.can_verify else None
        chunks = self.folder.chunks(blob_parts(target))
        try:
            while chunk := await self.run(lambda: next(chunks, b"")):
                if hasher is not None:
                    hasher.update(chunk)
                yield chunk
        finally:
            chunks.close()
        if hasher is not None and hasher.hexdigest() != target.encoded:
            raise _damaged(target)

    def _readable(self, repository: str, descriptor: Descriptor) -> Digest:
        _check_repository(repository)
        seen = self.look(repository, descriptor.digest, manifest=media.is_manifest(descriptor.media_type))
        if seen.presence is not Presence.PRESENT:
            sentence = f"{descriptor.digest} is not readable in {safe(repository)}: {seen.detail}."
            raise SourceError(seen.presence, sentence, code=_code(seen), fix=_fix(seen), detail=seen.detail)
        return seen.digest or descriptor.digest

    # Referrers

    async def referrers(self, repository: str, digest: Digest) -> tuple[Descriptor, ...]:
        known = self._referrers.get(repository)
        if known is None:
            known = self._referrers[repository] = await self.run(lambda: self._subjects(repository), repository)
        return known.get(str(digest), ())

    def _subjects(self, repository: str) -> dict[str, tuple[Descriptor, ...]]:
        """Every manifest of the repository that names a subject, by that subject. Bounded; blocking."""
        _check_repository(repository)
        referring: dict[str, dict[Digest, Descriptor]] = {}
        for digest in self.revisions(repository)[:_MOST_REVISIONS]:
            raw = self.folder.read(blob_parts(digest), _REVISION_LIMIT)
            if raw is None or len(raw) > _REVISION_LIMIT or b'"subject"' not in raw:
                continue
            try:
                manifest = decode(raw, digest=digest)
            except OciError:
                continue  # the tree shows it as an invalid manifest where it is reached; it refers to nothing
            if manifest.subject is not None:
                described = replace(
                    manifest.descriptor(), artifact_type=manifest.artifact_type, annotations=manifest.annotations
                )
                referring.setdefault(str(manifest.subject.digest), {})[digest] = described
        return {subject: tuple(by_digest.values()) for subject, by_digest in referring.items()}

    def revisions(self, repository: str) -> tuple[Digest, ...]:
        """Blocking. The manifests that are linked into a repository, tagged or not, sorted."""
        above = ("repositories", *repository.split("/"), "_manifests", "revisions")
        digests = []
        for algorithm in self.folder.folders(above):
            for encoded in self.folder.folders((*above, algorithm)):
                try:
                    digest = Digest(f"{algorithm}:{encoded}")
                except MalformedDigest:
                    continue  # not named by a digest: not a revision
                if self.folder.size((*above, algorithm, encoded, "link")) is not None:
                    digests.append(digest)
        return tuple(sorted(digests))

    def reference(self, repository: str, *, tag: str | None = None, digest: Digest | None = None) -> str:
        return object_text(self.place, repository, tag=tag, digest=digest)

    def location(self, repository: str) -> RepositoryLocation:
        return RepositoryLocation(repository, None, self.place)

    def pushed_as(self, repository: str, tag: str) -> Reference | None:
        return None

    async def aclose(self) -> None:
        self._referrers.clear()

    async def run(self, work: Callable[[], T], repository: str = "") -> T:
        """Run blocking work in a thread; trouble with the disk becomes a SourceError."""
        try:
            return await asyncio.to_thread(work)
        except OSError as error:
            raise _failed(error, repository) from error


def parse_link(content: bytes) -> Digest | None:
    """The digest that a link file holds; None when it holds something else."""
    try:
        return Digest(content.decode("ascii").strip()) if len(content) <= LINK_LIMIT else None
    except (UnicodeDecodeError, MalformedDigest):
        return None


def _check_repository(repository: str) -> None:
    if not is_repository(repository):
        raise SourceError(
            Presence.MISSING, f"{safe(repository)} cannot be the name of a repository.", code="name-invalid"
        )


def _shown(content: bytes) -> str:
    text = safe(content[:60].decode("utf-8", "replace"))
    return f"“{text}”" if text.strip() else "nothing"


def _failed(error: OSError, about: str) -> SourceError:
    what = safe(about) or "the storage folder"
    if isinstance(error, Refused):
        return SourceError(
            Presence.DENIED, f"Something in {what} was not opened: {safe(error.strerror or '')}.", code="not-opened"
        )
    if isinstance(error, PermissionError):
        return SourceError(
            Presence.DENIED,
            f"This account may not read {what}: {safe(error.strerror or str(error))}.",
            code="permission",
            fix="Run fanfold as the registry's user, or give this account read permission.",
        )
    return SourceError(
        Presence.UNREACHABLE, f"Reading {what} failed: {safe(error.strerror or str(error))}.", code="disk"
    )


def _damaged(digest: Digest) -> SourceError:
    return SourceError(
        Presence.MISMATCHED,
        f"The bytes on disk are damaged: they do not match {digest}.",
        code="damaged",
        fix="Push the image again; the registry does not notice the damage.",
    )


def _code(observation: Observation) -> str:
    if observation.presence is Presence.MISMATCHED:
        return "wrong-link"
    if observation.detail.startswith("linked"):
        return "data-gone"
    return "not-linked" if observation.detail.startswith("in the store") else "gone"


def _fix(observation: Observation) -> str:
    if "a mount" in observation.detail:
        return "Mount it from a repository that links it: sends no bytes."
    return "Push it again." if observation.presence is Presence.MISSING else ""

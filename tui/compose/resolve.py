"""From any reference to the entries of an index: an image gives one, an index gives its images and their
attestations."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tui.compose.draft import Entry, EntryVerdict
from tui.compose.errors import ResolveError
from tui.explore.inspector import Inspector
from tui.explore.walker import INDEX_LIMIT
from tui.oci import attestation, media
from tui.oci.config import ImageConfig
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.errors import OciError
from tui.oci.manifest import AnyManifest, ImageManifest, Index
from tui.oci.platform import Platform
from tui.sources.base import SourceError
from tui.sources.location import ObjectLocation, RepositoryLocation
from tui.sources.presence import Presence
from tui.sources.spec import locate
from tui.text import plural, safe

#: So many images of a layout are named when nobody said which.
NAMES_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a reference holds now."""

    reference: str
    home: RepositoryLocation
    root: AnyManifest
    """What it points to."""
    entries: tuple[Entry, ...]
    """What goes into an index; they have no keys yet."""
    notes: tuple[str, ...] = ()
    """What was unwrapped or left out. Safe text."""
    nested: bool = False
    """Whether an index was inside the index."""

    @property
    def index(self) -> Index | None:
        """The root, if it is an index."""
        return self.root if isinstance(self.root, Index) else None


async def resolve(inspector: Inspector, reference: str, digest: Digest | None = None) -> Resolved:
    """Ask what a reference holds now. `digest` is what it points to, if that was asked a moment ago.

    Raises ResolveError when it does not exist, may not be seen, could not be asked, or is not an image; OciError when
    it is malformed.
    """
    home, selector = locate(reference)
    shown = safe(reference)
    try:
        if not selector:
            home, selector = await _only_image(inspector, home, shown)
    except SourceError as error:
        raise refused(shown, error) from None
    root = await read(inspector, home, str(digest or selector), shown, fresh=digest is None)
    unwrapper = _Unwrapper(inspector, home, reference, shown)
    if isinstance(root, Index):
        entries = _once(await unwrapper.index(root))
        if not any(not entry.is_attestation for entry in entries):
            raise ResolveError(f"{shown} is an index without images.", Presence.MISMATCHED)
        if unwrapper.nested:
            unwrapper.notes.append(
                f"{shown}: unwrapped {plural(unwrapper.nested, 'index', 'indexes')} inside the index."
            )
        if unwrapper.doubles:
            left_out = plural(unwrapper.doubles, "duplicate index", "duplicate indexes")
            unwrapper.notes.append(f"{shown}: {left_out} left out.")
        if root.annotations:
            unwrapper.notes.append(
                f"{shown}: the index's own {plural(len(root.annotations), 'annotation')} stay with it; "
                "annotate the new index to have them there."
            )
    else:
        entries = [await unwrapper.image(root)]
    return Resolved(reference, home, root, tuple(entries), tuple(unwrapper.notes), unwrapper.nested > 0)


async def _only_image(inspector: Inspector, home: RepositoryLocation, shown: str) -> tuple[RepositoryLocation, str]:
    """The one image of a layout or an archive that was named without a tag. Raises ResolveError when there are more, or
    none; SourceError."""
    source = await inspector.opened(home)
    repositories = [home.repository] if home.repository else []
    if not repositories:
        repositories = [name async for page in source.repositories() for name in page.names]
    images = [
        (replace(home, repository=repository), tag)
        for repository in repositories
        async for page in source.tags(repository)
        for tag in page.names
    ]
    if len(images) == 1:
        return images[0]
    if not images:
        raise ResolveError(f"{shown} holds no image.", Presence.MISSING)
    shortly = [ObjectLocation.of(source, place.repository, tag=tag) for place, tag in images[:NAMES_SHOWN]]
    names = ", ".join(safe(each, limit=300) for each in shortly)
    more = f" and {len(images) - NAMES_SHOWN} more" if len(images) > NAMES_SHOWN else ""
    raise ResolveError(f"{shown} holds {len(images)} images; name one: {names}{more}.", Presence.MISMATCHED)


async def resolve_all(inspector: Inspector, references: Sequence[str]) -> tuple[Resolved | ResolveError, ...]:
    """Resolve several references at once, each asked for once; the answers, or why there is none, in their order."""

    async def one(reference: str) -> Resolved | ResolveError:
        try:
            return await resolve(inspector, reference)
        except ResolveError as error:
            return error

    distinct = tuple(dict.fromkeys(references))
    by_reference = dict(zip(distinct, await asyncio.gather(*(one(each) for each in distinct)), strict=True))
    return tuple(by_reference[reference] for reference in references)


async def tag_heads(
    inspector: Inspector, home: RepositoryLocation, tags: Sequence[str]
) -> dict[str, Descriptor | None]:
    """What each of these tags points at; None where that could not be found out."""
    return dict(zip(tags, await asyncio.gather(*(tag_head(inspector, home, tag) for tag in tags)), strict=True))


async def tag_head(inspector: Inspector, home: RepositoryLocation, tag: str) -> Descriptor | None:
    """What a tag points at; None when that could not be found out."""
    try:
        return await inspector.source(home).resolve(home.repository, tag)
    except (SourceError, OciError):
        return None


def config_platform(config: ImageConfig) -> Platform | None:
    """The platform of a config with every field of it, `os.version` and `os.features` included; None if it has
    none."""
    platform = config.platform
    if platform is None:
        return None
    features = config.document.get("os.features")
    if isinstance(features, list) and all(isinstance(item, str) for item in features):
        platform = replace(platform, os_features=tuple(features))
    return platform


class _Unwrapper:
    """One reference being unwrapped."""

    def __init__(self, inspector: Inspector, home: RepositoryLocation, reference: str, shown: str) -> None:
        self._inspector = inspector
        self._home = home
        self._reference = reference
        self._shown = shown
        self._visited: set[Digest] = set()
        self.notes: list[str] = []
        self.nested = 0
        self.doubles = 0

    async def image(self, manifest: AnyManifest, descriptor: Descriptor | None = None) -> Entry:
        """The entry of one image manifest; its platform comes from the config when no descriptor says it."""
        if not isinstance(manifest, ImageManifest):
            reason = getattr(manifest, "reason", "") or "it is not an image manifest"
            raise ResolveError(f"{self._shown} is not an image: {reason}", Presence.MISMATCHED)
        if descriptor is None:
            self._check_image(manifest)
        platform = descriptor.platform if descriptor is not None else None
        if platform is None and manifest.config is not None and media.is_image_config(manifest.config.media_type):
            try:
                platform = config_platform(await self._inspector.config(self._home, manifest.config))
            except SourceError as error:
                raise refused(f"{self._shown}: its config", error) from None
        entry = self._entry(descriptor or manifest.descriptor())
        return replace(entry, descriptor=replace(entry.descriptor, platform=platform))

    def _check_image(self, manifest: ImageManifest) -> None:
        if manifest.is_attestation:
            raise ResolveError(
                f"{self._shown} is an attestation, not an image. Name the index that holds it and its image.",
                Presence.MISMATCHED,
            )
        if manifest.config is None or not media.is_image_config(manifest.config.media_type):
            kind = safe(manifest.artifact_type or "an unknown type")
            raise ResolveError(f"{self._shown} is an artifact of type {kind}, not an image.", Presence.MISMATCHED)

    async def index(self, index: Index) -> list[Entry]:
        """The entries of an index, those of indexes inside it included."""
        self._visited.add(index.digest)
        entries: list[Entry] = []
        for descriptor in index.entries:
            if media.is_index(descriptor.media_type):
                entries += await self._nested(descriptor)
            elif attestation.is_attestation(descriptor) or descriptor.platform is not None:
                entries.append(self._entry(descriptor))
            else:
                entries.append(await self._without_platform(descriptor))
        return entries

    async def _nested(self, descriptor: Descriptor) -> list[Entry]:
        if descriptor.digest in self._visited:
            self.doubles += 1
            return []
        self.nested += 1
        if self.nested > INDEX_LIMIT:
            raise ResolveError(f"{self._shown} nests more than {INDEX_LIMIT} indexes.", Presence.MISMATCHED)
        manifest = await self._read(descriptor)
        if isinstance(manifest, Index):
            return await self.index(manifest)
        return [await self.image(manifest, replace(descriptor, media_type=manifest.media_type))]

    async def _without_platform(self, descriptor: Descriptor) -> Entry:
        manifest = await self._read(descriptor)
        if isinstance(manifest, ImageManifest) and manifest.is_attestation:
            return self._entry(descriptor)
        return await self.image(manifest, descriptor)

    async def _read(self, descriptor: Descriptor) -> AnyManifest:
        try:
            return await self._inspector.manifest(self._home, str(descriptor.digest))
        except SourceError as error:
            raise refused(f"{self._shown}: {descriptor.digest.short} in its index", error) from None

    def _entry(self, descriptor: Descriptor) -> Entry:
        return Entry(
            key="",
            descriptor=descriptor,
            source=self._reference,
            home=self._home,
            now=descriptor.digest,
            verdict=EntryVerdict.NEW,
        )


def _once(entries: list[Entry]) -> list[Entry]:
    """Each (digest, platform) once, in the order of first sight."""
    kept: dict[tuple[Digest, Platform | None], Entry] = {}
    for entry in entries:
        kept.setdefault((entry.descriptor.digest, entry.platform), entry)
    return list(kept.values())


async def read(
    inspector: Inspector,
    home: RepositoryLocation,
    selector: str,
    shown: str,
    *,
    fresh: bool = True,
    consequence: str = "",
) -> AnyManifest:
    """The manifest under a tag or digest. Raises ResolveError, which calls it `shown` (safe); `consequence` is what
    follows when it is there and cannot be read."""
    try:
        return await inspector.manifest(home, selector, fresh=fresh)
    except SourceError as error:
        raise refused(shown, error) from None
    except OciError as error:
        raise ResolveError(f"{shown} cannot be read{consequence}: {error}", Presence.MISMATCHED) from None


def refused(what: str, error: SourceError) -> ResolveError:
    """The source's own sentence, with what was wanted of it."""
    if error.presence is Presence.MISSING:
        sentence = f"{what} does not exist. {error.sentence}"
    elif error.presence is Presence.DENIED:
        sentence = f"{what} does not exist, or you may not see it. {error.sentence}"
    else:
        sentence = f"{what} could not be read. {error.sentence}"
    if error.fix:
        sentence += f" {error.fix}"
    return ResolveError(sentence, error.presence, retry_at=error.retry_at)

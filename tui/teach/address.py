"""An object of the lesson's registry by name, and what the registry holds under it now."""

from __future__ import annotations

from dataclasses import dataclass

from tui.oci import media
from tui.oci.digest import Digest
from tui.oci.errors import OciError
from tui.oci.manifest import ImageManifest, Index
from tui.oci.platform import Platform
from tui.oci.reference import split_selector
from tui.sources.base import Source, SourceError
from tui.sources.presence import Presence
from tui.text import safe

#: How many objects below a tag are asked for, at most.
_MOST = 500


class BackendError(Exception):
    """An act or a question that failed; `str()` is a safe sentence."""


@dataclass(frozen=True, slots=True)
class Address:
    """An object by name: "library/hello:latest linux/arm64 layer 2"."""

    repository: str
    selector: str
    platform: Platform | None = None
    part: str = ""
    number: int = 0

    @classmethod
    def parse(cls, text: str) -> Address:
        """Raises BackendError for what is no such name."""
        reference, *rest = text.split() or [""]
        repository, selector = split_selector(reference)
        if not repository or not selector:
            raise BackendError(f"“{safe(text)}” does not begin with REPOSITORY:TAG.")
        platform = None
        if rest and "/" in rest[0]:
            try:
                platform = Platform.parse(rest.pop(0))
            except OciError as error:
                raise BackendError(str(error)) from error
        part = rest.pop(0) if rest else ""
        if part not in ("", "config", "layer", "attestation"):
            raise BackendError(f"“{safe(part)}” in “{safe(text)}” is no part: config, layer 1, attestation.")
        number = int(rest.pop(0)) if rest and rest[0].isdigit() else 1
        if rest:
            raise BackendError(f"“{safe(' '.join(rest))}” in “{safe(text)}” is too much.")
        return cls(repository, selector, platform, part, number)


async def digest_at(source: Source, address: Address) -> Digest:
    """The digest of an address, read from the registry now. Raises BackendError."""
    try:
        manifest = await source.manifest(address.repository, address.selector, fresh=True)
        if address.platform is not None:
            if not isinstance(manifest, Index):
                raise BackendError(f"{address.selector} is not an index, so it has no platforms.")
            wanted = address.platform
            entry = next((e for e in manifest.entries if e.platform is not None and e.platform.matches(wanted)), None)
            if entry is None:
                raise BackendError(f"{address.selector} has no entry for {wanted}.")
            if not address.part:
                return entry.digest
            manifest = await source.manifest(address.repository, str(entry.digest))
        if not address.part:
            return manifest.digest
        if not isinstance(manifest, ImageManifest):
            raise BackendError(f"{address.selector} is not one image: name a platform.")
        if address.part == "config" and manifest.config is not None:
            return manifest.config.digest
        if address.part == "layer" and 0 < address.number <= len(manifest.layers):
            return manifest.layers[address.number - 1].digest
        raise BackendError(f"{address.selector} has no {address.part} {address.number}.")
    except SourceError as error:
        raise BackendError(error.sentence) from error


async def state_of(source: Source, repository: str, selector: str) -> tuple[str, Digest | None, bool]:
    """What a reference is in the registry now ("index", "image", "other" or "absent"), its digest, and whether
    everything below it is there. Raises BackendError when the registry cannot say."""
    try:
        manifest = await source.manifest(repository, selector, fresh=True)
    except SourceError as error:
        if error.presence is Presence.MISSING:
            return "absent", None, False
        raise BackendError(error.sentence) from error
    kind = "index" if isinstance(manifest, Index) else "image" if isinstance(manifest, ImageManifest) else "other"
    return kind, manifest.digest, await _complete(source, repository, manifest.digest, set(), manifest)


async def _complete(
    source: Source, repository: str, digest: Digest, seen: set[Digest], manifest: object | None = None
) -> bool:
    """Whether everything that a manifest names is present, however deep; each object is asked once."""
    seen.add(digest)
    if len(seen) > _MOST:
        raise BackendError("Too many objects below this tag to check.")
    try:
        if manifest is None:
            manifest = await source.manifest(repository, str(digest), fresh=True)
    except SourceError:
        return False
    if isinstance(manifest, Index):
        below = manifest.entries
    elif isinstance(manifest, ImageManifest):
        below = tuple(each for each in (manifest.config, *manifest.layers) if each is not None)
    else:
        return False
    for each in below:
        if each.digest in seen:
            continue
        if media.is_manifest(each.media_type):
            if not await _complete(source, repository, each.digest, seen):
                return False
            continue
        seen.add(each.digest)
        answer = await source.probe(repository, each, fresh=True)
        if not answer.presence.is_there and answer.presence is not Presence.FOREIGN:
            return False
    return True

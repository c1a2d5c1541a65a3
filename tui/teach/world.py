"""The world of a lesson: the registry that it plays in, asked and changed through these two narrow doors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from tui.oci import media
from tui.oci.digest import Digest
from tui.oci.errors import OciError
from tui.oci.manifest import ImageManifest, Index
from tui.oci.platform import Platform
from tui.sources.base import Source, SourceError
from tui.sources.presence import Presence
from tui.teach.events import Fact
from tui.text import safe

#: What a lesson can do to the embedded registry, each with its arguments (True: needed).
ACTS: Mapping[str, Mapping[str, bool]] = {
    # Send what `docker manifest push` would send for a stored list, and show the registry's answer.
    "docker-push": {"list": True},
    # Somebody deletes an object: `of` is "library/hello:latest linux/arm64 layer 2" (or config; or just a manifest).
    "delete": {"of": True},
    # A clean-up removes what no tag needs; with `untagged` also the images that are only reached through an index.
    "clean-up": {"repository": True, "untagged": False},
    # The registry refuses (403) whatever is asked in a repository; with on = false it stops refusing.
    "deny": {"repository": True, "on": False},
    # A rate limit: so many pulls (manifest GETs) are left, in a window of so many seconds. left = -1 lifts it.
    "limit": {"repository": True, "left": True, "seconds": False},
    # Connections about a repository break without an answer; with on = false they hold again.
    "cut-off": {"repository": True, "on": False},
    # Every answer about a repository takes so many seconds.
    "slow-down": {"repository": True, "seconds": True},
    # The storage folder of these repositories (names joined by blanks) is written out, and opened as a source.
    "write-storage": {"repositories": True},
}

_MOST = 500


@dataclass(frozen=True, slots=True)
class ActResult:
    """What an act did. `lines` are safe text for the panel; `status`, `code` and `message` are a registry's answer.

    `opens` is a source that should be opened now ("storage:/tmp/…"; "" for none).
    """

    outcome: str
    lines: tuple[str, ...]
    status: int = 0
    code: str = ""
    message: str = ""
    opens: str = ""


class World(Protocol):
    """Who runs lessons provides this: the registry as a source, and the hand that changes it."""

    @property
    def source(self) -> Source: ...

    async def reset(self) -> None:
        """Put the registry and Docker's stored lists back to how they were at the start."""
        ...

    async def act(self, do: str, arguments: Mapping[str, Fact]) -> ActResult:
        """Do one of `ACTS`. Raises WorldError with a sentence."""
        ...


class WorldError(Exception):
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
        """Raises WorldError for what is no such name."""
        reference, *rest = text.split() or [""]
        if "@" in reference:
            repository, _, selector = reference.partition("@")
        else:
            repository, _, selector = reference.rpartition(":")
        if not repository or not selector:
            raise WorldError(f"“{safe(text)}” does not begin with REPOSITORY:TAG.")
        platform = None
        if rest and "/" in rest[0]:
            try:
                platform = Platform.parse(rest.pop(0))
            except OciError as error:
                raise WorldError(str(error)) from error
        part = rest.pop(0) if rest else ""
        if part not in ("", "config", "layer", "attestation"):
            raise WorldError(f"“{safe(part)}” in “{safe(text)}” is no part: config, layer 1, attestation.")
        number = int(rest.pop(0)) if rest and rest[0].isdigit() else 1
        if rest:
            raise WorldError(f"“{safe(' '.join(rest))}” in “{safe(text)}” is too much.")
        return cls(repository, selector, platform, part, number)


async def digest_at(source: Source, address: Address) -> Digest:
    """The digest of an address, read from the registry now. Raises WorldError."""
    try:
        manifest = await source.manifest(address.repository, address.selector, fresh=True)
        if address.platform is not None:
            if not isinstance(manifest, Index):
                raise WorldError(f"{address.selector} is not an index, so it has no platforms.")
            wanted = address.platform
            entry = next((e for e in manifest.entries if e.platform is not None and e.platform.matches(wanted)), None)
            if entry is None:
                raise WorldError(f"{address.selector} has no entry for {wanted}.")
            if not address.part:
                return entry.digest
            manifest = await source.manifest(address.repository, str(entry.digest))
        if not address.part:
            return manifest.digest
        if not isinstance(manifest, ImageManifest):
            raise WorldError(f"{address.selector} is not one image: name a platform.")
        if address.part == "config" and manifest.config is not None:
            return manifest.config.digest
        if address.part == "layer" and 0 < address.number <= len(manifest.layers):
            return manifest.layers[address.number - 1].digest
        raise WorldError(f"{address.selector} has no {address.part} {address.number}.")
    except SourceError as error:
        raise WorldError(error.sentence) from error


async def state_of(source: Source, repository: str, selector: str) -> tuple[str, Digest | None, bool]:
    """What a reference is in the registry now ("index", "image", "other" or "absent"), its digest, and whether
    everything below it is there. Raises WorldError when the registry cannot say."""
    try:
        manifest = await source.manifest(repository, selector, fresh=True)
    except SourceError as error:
        if error.presence is Presence.MISSING:
            return "absent", None, False
        raise WorldError(error.sentence) from error
    kind = "index" if isinstance(manifest, Index) else "image" if isinstance(manifest, ImageManifest) else "other"
    return kind, manifest.digest, await _complete(source, repository, manifest.digest, set(), manifest)


async def _complete(
    source: Source, repository: str, digest: Digest, seen: set[Digest], manifest: object | None = None
) -> bool:
    """Whether everything that a manifest names is present, however deep; each object is asked once."""
    seen.add(digest)
    if len(seen) > _MOST:
        raise WorldError("There is too much below this tag to check it here.")
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
        if answer.presence not in (Presence.PRESENT, Presence.FOREIGN):
            return False
    return True

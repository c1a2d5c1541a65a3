"""The registry that a lesson plays in: start over, and the faults that a lesson can bring about.

The registry itself belongs to the demo, which this package does not know: it is handed in, and used through the
protocols below.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from tui.oci.digest import Digest
from tui.oci.reference import split_selector
from tui.registry.errors import Refused, RegistryError
from tui.sources.base import Source
from tui.teach.address import Address, BackendError, digest_at
from tui.teach.events import Fact
from tui.text import plural, safe

T = TypeVar("T")

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


class Served(Protocol):
    """A store that is being served (demo.serve.Served)."""

    def reset(self) -> None: ...
    def call(self, change: Callable[[Any], T]) -> T: ...


class Faults(Protocol):
    """What can happen to a store (the module demo.faults)."""

    @property
    def lose_blob(self) -> Callable[[Any, str, str], bool]: ...
    @property
    def lose_manifest(self) -> Callable[[Any, str, str], bool]: ...
    @property
    def collect_garbage(self) -> Callable[..., Any]: ...
    @property
    def deny(self) -> Callable[[Any, str, bool], None]: ...
    @property
    def limit_pulls(self) -> Callable[[Any, str, int | None, float], None]: ...
    @property
    def slow_down(self) -> Callable[[Any, str, float], None]: ...
    @property
    def cut_off(self) -> Callable[[Any, str, bool], None]: ...


class Writer(Protocol):
    """The part of the registry client that sends a manifest, and that forgets what it has learnt of a registry."""

    def forget(self, registry: str | None = None) -> None: ...

    async def put_manifest(
        self, registry: str, repository: str, selector: str, raw: bytes, media_type: str
    ) -> Digest: ...


#: The stored list of a reference such as "sandbox:0.16-edge": its exact bytes as `docker manifest push` sends them, and
#: their media type. Raises OSError or ValueError when there is none.
StoredList = Callable[[str], tuple[bytes, str]]


class LessonBackend:
    """The embedded registry, asked and changed. Failures are raised as BackendError.

    `source` is the registry as the tree shows it; `client` sends what `docker manifest push` would send; `stored` gives
    the bytes of a stored list; `put_back` restores Docker's stored lists; `export` (demo.storage_folder.write_storage)
    writes repositories into a storage folder, below `folder`, which is the caller's to remove.
    """

    def __init__(
        self,
        served: Served,
        faults: Faults,
        source: Source,
        client: Writer,
        *,
        stored: StoredList,
        put_back: Callable[[], None],
        export: Callable[[Any, Path, tuple[str, ...]], Path],
        folder: Path,
    ) -> None:
        self.source = source
        self._served = served
        self._faults = faults
        self._client = client
        self._stored = stored
        self._put_back = put_back
        self._export = export
        self._folder = folder
        self._exports = 0

    async def reset(self) -> None:
        try:
            await asyncio.to_thread(self._served.reset)
            await asyncio.to_thread(self._put_back)
        except OSError as error:
            raise BackendError(f"Could not restore Docker's stored lists: {safe(str(error))}.") from error
        self._client.forget(self.source.registry)

    async def act(self, do: str, arguments: Mapping[str, Fact]) -> ActResult:
        name = str(arguments.get("repository", ""))
        match do:
            case "docker-push":
                return await self._docker_push(str(arguments["list"]))
            case "delete":
                return await self._delete(str(arguments["of"]))
            case "clean-up":
                return await self._clean_up(name, untagged=bool(arguments.get("untagged", False)))
            case "deny":
                on = bool(arguments.get("on", True))
                await self._call(lambda store: self._faults.deny(store, name, on))
                return _done(f"Access to {name} denied." if on else f"Access to {name} restored.")
            case "limit":
                return await self._limit(name, int(_number(arguments, "left")), _number(arguments, "seconds", 60))
            case "cut-off":
                on = bool(arguments.get("on", True))
                await self._call(lambda store: self._faults.cut_off(store, name, on))
                return _done(f"Connections for {name} break." if on else f"{name} answers again.")
            case "slow-down":
                seconds = _number(arguments, "seconds")
                await self._call(lambda store: self._faults.slow_down(store, name, seconds))
                return _done(f"Answers for {name} take {seconds:g} seconds.")
            case "write-storage":
                return await self._write_storage(tuple(str(arguments["repositories"]).split()))
            case other:
                raise BackendError(f"Unknown action “{safe(other)}”.")

    async def _limit(self, name: str, left: int, seconds: float) -> ActResult:
        await self._call(lambda store: self._faults.limit_pulls(store, name, left if left >= 0 else None, seconds))
        # A client that was told to wait does not ask again at once: this registry's clock has just jumped.
        self._client.forget(self.source.registry)
        if left < 0:
            return _done(f"Limit of {name} lifted.")
        return _done(f"{plural(left, 'pull')} of {name} left, for {seconds:g} seconds.")

    async def _delete(self, of: str) -> ActResult:
        address = Address.parse(of)
        digest = str(await digest_at(self.source, address))
        lose = self._faults.lose_blob if address.part in ("config", "layer") else self._faults.lose_manifest
        if not await self._call(lambda store: lose(store, address.repository, digest)):
            raise BackendError(f"{digest} is not in {address.repository}.")
        return _done(f"Deleted from {address.repository}: {digest}")

    async def _clean_up(self, name: str, *, untagged: bool) -> ActResult:
        swept = await self._call(lambda store: self._faults.collect_garbage(store, name, walk_indexes=not untagged))
        manifests, blobs = len(swept.manifests), len(swept.blobs)
        return _done(
            f"The clean-up of {name} removed {plural(manifests, 'manifest')} and {plural(blobs, 'blob')}.",
            *(f"manifest {digest}" for digest in swept.manifests[:8]),
        )

    async def _docker_push(self, reference: str) -> ActResult:
        repository, tag = split_selector(reference)
        registry = self.source.registry or ""
        try:
            raw, media_type = await asyncio.to_thread(self._stored, reference)
        except (OSError, ValueError) as error:
            raise BackendError(f"No stored list {reference}: {safe(str(error))}") from error
        command = f"$ docker manifest push {registry}/{reference}"
        request = f"PUT /v2/{repository}/manifests/{tag}  ({len(raw):,} bytes, {media_type})"
        try:
            digest = await self._client.put_manifest(registry, repository, tag, raw, media_type)
        except Refused as error:
            details = tuple(f"the answer names {safe(detail)}" for detail in error.details)
            answer = f"{error.status} {error.code}"
            # Docker prints the code in lower case and the registry's message, and drops the digests.
            return ActResult(
                "refused",
                (command, request, f"answer: {answer}", *details, f"docker prints: {_as_docker(error)}"),
                status=error.status or 0,
                code=error.code,
                message=_as_docker(error),
            )
        except RegistryError as error:
            return ActResult(
                "failed", (command, request, error.sentence), error.status or 0, error.code, error.sentence
            )
        return ActResult("pushed", (command, request, f"docker prints: {digest}"), status=201)

    async def _write_storage(self, names: tuple[str, ...]) -> ActResult:
        self._exports += 1
        place = self._folder / f"registry-{self._exports}"
        try:
            await self._call(lambda store: self._export(store, place, names))
        except OSError as error:
            raise BackendError(f"Could not write the storage folder: {safe(str(error))}.") from error
        return ActResult("done", (f"The storage folder is {safe(str(place))}.",), opens=f"storage:{place}")

    async def _call(self, change: Callable[[Any], T]) -> T:
        return await asyncio.to_thread(self._served.call, change)


def _as_docker(error: Refused) -> str:
    """The error as `docker manifest push` prints it: "manifest blob unknown: blob unknown to registry"."""
    words = safe(error.code.lower().replace("_", " "))
    message = "blob unknown to registry" if error.code == "MANIFEST_BLOB_UNKNOWN" else error.sentence
    return f"{words}: {message}"


def _number(arguments: Mapping[str, Fact], name: str, default: int = 0) -> float:
    value = arguments.get(name, default)
    if isinstance(value, str | bool):
        raise BackendError(f"“{name}” takes a number, not “{safe(str(value))}”.")
    return float(value)


def _done(*lines: str) -> ActResult:
    return ActResult("done", tuple(safe(line) for line in lines))

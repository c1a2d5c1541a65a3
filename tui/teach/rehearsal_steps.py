"""The steps of a rehearsal, and what becomes of a step that fails: where a pull stops, and what Docker prints then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from tui.explore.node import Node
from tui.oci.descriptor import Descriptor
from tui.oci.errors import OciError
from tui.oci.reference import Reference
from tui.registry.access import Access
from tui.resources import fill, records
from tui.sources.base import SourceError
from tui.sources.presence import Observation, Presence
from tui.teach.choosing import PassedOver
from tui.teach.explanation import bytes_of
from tui.text import safe


@dataclass(frozen=True, slots=True)
class DockerSays:
    """One failure as `docker pull` prints it: a record of `resources/docker_messages.toml`, filled in. Either text is
    "" where the wording is not fixed."""

    name: str
    classic: str = ""
    containerd: str = ""

    def lines(self) -> tuple[tuple[str, str], ...]:
        """(who, message) pairs for what is known, in the order in which people will look for them."""
        pairs = (("docker pull, up to Docker 28", self.classic), ("docker pull, Docker 29 and later", self.containerd))
        return tuple(pair for pair in pairs if pair[1])


@cache
def _messages() -> Mapping[str, DockerSays]:
    return records("docker_messages.toml", DockerSays)


def docker_says(name: str, /, **values: str) -> DockerSays:
    """What is printed for a failure with these values in it. Raises KeyError for an unknown name or a missing value."""
    message = _messages()[name]
    return DockerSays(name, fill(message.classic, values), fill(message.containerd, values))


class StepKind(StrEnum):
    """What a client does in a step."""

    TOKEN = "token"
    TAG = "tag"
    INDEX = "index"
    CHOOSE = "choose"
    MANIFEST = "manifest"
    CONFIG = "config"
    LAYER = "layer"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class RehearsalStep:
    """One step, done. All text is safe.

    `request` is the request line ("" for a step that asks nothing), `answer` what came back, `why` what the client does
    with it; `node` is the row to highlight; `passed_over` the entries that were not chosen. `stopped` says that a pull
    ends here; then `docker` is what it prints.
    """

    kind: StepKind
    title: str
    request: str
    answer: str
    why: tuple[str, ...]
    node: Node | None
    passed_over: tuple[PassedOver, ...] = ()
    stopped: bool = False
    docker: DockerSays | None = None


@dataclass(frozen=True, slots=True)
class Failures:
    """Makes the last step of a pull that fails. `reference` is what is pulled, `repository` where, for `platform`."""

    reference: str
    repository: str
    platform: str
    access: Access | None

    def path(self, kind: str, selector: str) -> str:
        """The path of a request: `/v2/library/hello/manifests/latest`. Safe."""
        return f"/v2/{safe(self.repository)}/{kind}/{safe(selector)}"

    def stop(
        self,
        kind: StepKind,
        title: str,
        request: str,
        node: Node,
        error: SourceError,
        described: Descriptor | None = None,
        *,
        below: bool = False,
    ) -> RehearsalStep:
        status = f"{error.status} " if error.status else ""
        return RehearsalStep(
            kind,
            safe(title),
            request,
            f"{status}{safe(error.code)}: {error.sentence}" if error.code else f"{status}{error.sentence}",
            ("A pull ends. Objects fetched before stay on the machine for the next pull.",),
            node,
            stopped=True,
            docker=self._says(kind, error, described, below=below),
        )

    def _says(
        self, kind: StepKind, error: SourceError, described: Descriptor | None, *, below: bool
    ) -> DockerSays | None:
        digest = str(described.digest) if described is not None else ""
        media_type = safe(described.media_type) if described is not None else ""
        blob = kind in (StepKind.CONFIG, StepKind.LAYER)
        url = (
            f"{self.access.url if self.access is not None else ''}{self.path('blobs' if blob else 'manifests', digest)}"
        )
        match error.presence:
            case Presence.MISSING if kind is StepKind.CONFIG:
                return docker_says("config-unknown", digest=digest, type=media_type)
            case Presence.MISSING if kind is StepKind.LAYER:
                return docker_says("layer-unknown", digest=digest, type=media_type)
            case Presence.MISSING if below and kind is not StepKind.TAG:
                return docker_says("child-unknown", reference=self.reference, platform=self.platform, url=url)
            case Presence.MISSING:
                return docker_says("tag-unknown", reference=self.reference)
            case Presence.DENIED if digest:
                return docker_says("denied-below", name=_familiar(self.reference))
            case Presence.DENIED:
                return docker_says("denied", name=_familiar(self.reference))
            case Presence.LIMITED:
                return docker_says("rate-limited", message=_registry_message(error))
            case Presence.MISMATCHED if kind is StepKind.LAYER:
                return docker_says("layer-corrupt", digest=digest)
            case _:
                return None

    def mismatch(self, kind: StepKind, request: str, node: Node, described: Descriptor, served: int) -> RehearsalStep:
        return RehearsalStep(
            kind,
            f"Fetch the {kind.value}",
            request,
            f"{bytes_of(served)}, but its descriptor says {bytes_of(described.size)}",
            (
                "The size is part of the reference. containerd, and with it Docker since 29, refuses content of "
                "another size; older clients go on. So the same pull fails on one machine and works on another.",
            ),
            node,
            stopped=True,
        )


def error_of(observation: Observation) -> SourceError:
    """An answer about a blob, as the error that a pull would meet."""
    return SourceError(observation.presence, f"{observation.detail or observation.presence.value}.")


def _registry_message(error: SourceError) -> str:
    """The registry's own words in an error; "…" where they are not known: those of a limit of pulls are not kept."""
    _, _, words = error.sentence.partition(" It says: ")
    return words.removesuffix(".") or "…"


def _familiar(reference: str) -> str:
    """The repository as Docker prints it: "app" for Docker Hub's library, else with the host."""
    try:
        found = Reference.parse(reference)
    except OciError:
        return reference
    return found.familiar.partition("@")[0].removesuffix(f":{found.tag}")

"""A draft: an index that is being made and is in no registry yet. Plain data; edits are in `edit`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from tui.compose import layout
from tui.oci import attestation, media
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.manifest import Index
from tui.oci.platform import Platform
from tui.oci.reference import Reference
from tui.sources.docker_lists import LocalEntry
from tui.sources.location import RepositoryLocation


class EntryVerdict(StrEnum):
    """What became of an entry since the list was made. `unknown`: its source could not be asked; never "gone"."""

    UNCHANGED = "unchanged"
    MOVED = "moved"
    GONE = "gone"
    NEW = "new"
    REMOVED = "removed"
    UNKNOWN = "unknown"


class TypeChoice(StrEnum):
    """Which media type the index gets. `auto` keeps the type of what it began as while that can hold the entries."""

    AUTO = "auto"
    OCI = "oci"
    DOCKER = "docker"


class DraftKind(StrEnum):
    """How the draft came about."""

    RECREATE = "recreate"
    AMEND = "amend"
    NEW = "new"
    LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a draft."""

    key: str
    """Names the row, and survives every edit."""
    descriptor: Descriptor
    """What goes into the index, platform and annotations included."""
    source: str | None = None
    """The reference it came from: raw text, as a person would type it."""
    home: RepositoryLocation | None = None
    """Where its bytes can be read."""
    was: Digest | None = None
    """The digest that the list held."""
    now: Digest | None = None
    """The digest that the source holds."""
    verdict: EntryVerdict = EntryVerdict.NEW
    proposed: bool = False
    """Whether the source is a guess of ours."""
    note: str = ""
    """Why it was guessed, or what went wrong. Safe text."""

    @property
    def platform(self) -> Platform | None:
        """The platform that the index will name; `unknown/unknown` for attestations."""
        return self.descriptor.platform

    @property
    def describes(self) -> Digest | None:
        """The digest of the image that this attestation is about (`vnd.docker.reference.digest`); None for images."""
        return attestation.reference_digest(self.descriptor)

    @property
    def is_attestation(self) -> bool:
        """Whether this is an attestation manifest, which travels with its image and is no platform."""
        return attestation.is_attestation(self.descriptor)

    @property
    def is_unsourced(self) -> bool:
        """Whether nothing tells where it came from, so that it is taken as it is: that it did not change says
        nothing."""
        return self.source is None and self.verdict is EntryVerdict.UNCHANGED and not self.is_attestation

    @property
    def in_index(self) -> bool:
        """Whether the row is part of the index that the draft makes."""
        return self.verdict is not EntryVerdict.REMOVED


@dataclass(frozen=True, slots=True)
class LocalList:
    """The list in Docker's config folder that a draft was made from."""

    folder: str
    """The list's own folder there, as a path."""
    name: str
    """Docker's name for it. Safe text."""
    entries: tuple[LocalEntry, ...]
    """What it held, so that a change by Docker's command is noticed."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An index in the making."""

    target: Reference
    """A repository and a tag, never a digest."""
    entries: tuple[Entry, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)
    choice: TypeChoice = TypeChoice.AUTO
    kind: DraftKind = DraftKind.NEW
    base: Index | None = None
    """The index that it began as: if nothing is changed, its exact bytes are kept."""
    tag_known: bool = False
    """Whether `tag_was` says something."""
    tag_was: Digest | None = None
    """The digest that the target's tag had when the draft was made; None: no such tag."""
    messages: tuple[str, ...] = ()
    """What edits did on the side. Safe text."""
    places: tuple[RepositoryLocation, ...] = ()
    """Further repositories in which missing objects may be found."""
    local_list: LocalList | None = None
    allow_duplicates: bool = False
    serial: int = 0
    """How many keys were given to rows so far."""

    @property
    def kept(self) -> tuple[Entry, ...]:
        """The entries that go into the index, in its order."""
        return tuple(entry for entry in self.entries if entry.in_index)

    @property
    def images(self) -> tuple[Entry, ...]:
        """The kept entries that are no attestations."""
        return tuple(entry for entry in self.kept if not entry.is_attestation)

    @property
    def media_type(self) -> str:
        """The type that the index will have (docs/protocol-notes.md, C-19)."""
        if self.choice is TypeChoice.OCI:
            return media.OCI_INDEX
        if self.choice is TypeChoice.DOCKER:
            return media.DOCKER_LIST
        docker_only = all(media.is_docker(entry.descriptor.media_type) for entry in self.kept)
        if self.base is not None and self.base.media_type == media.OCI_INDEX:
            return media.OCI_INDEX
        return media.DOCKER_LIST if docker_only and self.kept else media.OCI_INDEX

    @property
    def is_untouched(self) -> bool:
        """Whether the draft still says exactly what its base says, so that the base's bytes are kept."""
        if self.base is None:
            return False
        begun = from_index(self.target, self.base)
        return layout.text_of(begun.to_document()) == layout.text_of(self.to_document())

    def to_document(self) -> dict[str, Any]:
        """The index as JSON values; fields of the base that we do not know are kept."""
        document: dict[str, Any] = {}
        if self.base is not None:
            document = {name: value for name, value in self.base.document.items() if name not in _REWRITTEN}
        document["schemaVersion"] = 2
        document["mediaType"] = self.media_type
        document["manifests"] = [entry.descriptor.to_document() for entry in self.kept]
        if self.annotations:
            document["annotations"] = dict(self.annotations)
        return document

    def to_bytes(self) -> bytes:
        """The exact bytes that would be pushed. The same draft gives the same bytes, always."""
        if self.base is not None and self.is_untouched:
            return self.base.raw
        return layout.dump(self.to_document())

    @property
    def digest(self) -> Digest:
        """The digest that the pushed index will have."""
        return Digest.of(self.to_bytes())

    def entry(self, key: str) -> Entry:
        """The row of this key. Raises KeyError."""
        for entry in self.entries:
            if entry.key == key:
                return entry
        raise KeyError(key)

    def attestations_of(self, digest: Digest) -> tuple[Entry, ...]:
        """The kept attestations that describe the image of this digest."""
        return tuple(entry for entry in self.kept if entry.describes == digest)

    def with_messages(self, *messages: str) -> Draft:
        """The same draft with more messages."""
        return replace(self, messages=self.messages + messages)

    def numbered(self, entries: Iterable[Entry]) -> tuple[Draft, tuple[Entry, ...]]:
        """Give fresh keys to new rows; the draft is the same but for the count of keys given."""
        serial = self.serial
        named: list[Entry] = []
        for entry in entries:
            serial += 1
            named.append(replace(entry, key=f"e{serial}"))
        return replace(self, serial=serial), tuple(named)


_REWRITTEN = frozenset(("schemaVersion", "mediaType", "manifests", "annotations"))


def from_index(
    target: Reference, index: Index, *, home: RepositoryLocation | None = None, kind: DraftKind = DraftKind.AMEND
) -> Draft:
    """A draft that says exactly what this index says; pushing it unchanged pushes the index's own bytes."""
    entries = [
        Entry(
            key="",
            descriptor=descriptor,
            source=home.by_digest(descriptor.digest) if home is not None else None,
            home=home,
            was=descriptor.digest,
            now=descriptor.digest,
            verdict=EntryVerdict.UNCHANGED,
        )
        for descriptor in index.entries
    ]
    choice = TypeChoice.DOCKER if index.media_type == media.DOCKER_LIST else TypeChoice.AUTO
    if choice is TypeChoice.DOCKER and all(media.is_docker(entry.descriptor.media_type) for entry in entries):
        choice = TypeChoice.AUTO
    draft = Draft(target=target, annotations=dict(index.annotations), choice=choice, kind=kind, base=index)
    draft, named = draft.numbered(entries)
    return replace(draft, entries=named)
